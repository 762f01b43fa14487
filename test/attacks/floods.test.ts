import { randomBytes, randomUUID } from 'node:crypto';
import { createVerifier, type HttpRequest, type Verifier, type VerifierOptions } from '@gatehouse/core';
import {
  createTestAgent,
  createTestClock,
  createTestIssuer,
  type DpopTestAgent,
  type TestClock,
  type TestIssuer,
} from '@gatehouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

/** `npm run scale` sends a million of each, and measures. */
const floodSize = 300;
const atOnce = 50;

const resource = 'https://api.example';
const url = `${resource}/data`;
const random = (bytes: number) => randomBytes(bytes).toString('base64url');
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

let clock: TestClock;
let issuer: TestIssuer;
let agent: DpopTestAgent;
/** Used again and again, as good agents do. */
let goodTokens: readonly string[];
let boundToken: string;
/** The segments of a good token that nobody has seen yet. */
let header: string;
let payload: string;

beforeEach(async () => {
  clock = createTestClock();
  issuer = await createTestIssuer({ audience: resource, clock });
  agent = createTestAgent(issuer, {}, { dpop: true });
  goodTokens = await Promise.all([issuer.token(), issuer.token()]);
  boundToken = await agent.token();
  [header = '', payload = ''] = (await issuer.token()).split('.');
});
afterEach(() => issuer.close());

const toRequest = (authorization: string, ...dpop: string[]): HttpRequest => ({
  method: 'GET',
  target: '/data',
  headers: { authorization: [authorization], ...(dpop.length > 0 && { dpop }) },
});
const withToken = (token: string) => toRequest(`Bearer ${token}`);

const makeMalformed = () => withToken(`${random(24)}.${random(120)}.${random(64)}`);
const makeForged = () => withToken(`${header}.${payload}.${random(64)}`);
const makeUnknownKid = () =>
  withToken(`${encode({ alg: 'ES256', typ: 'at+jwt', kid: randomUUID() })}.${payload}.${random(64)}`);
const makeForeign = () => {
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
  return withToken(`${header}.${encode({ ...claims, iss: `https://${randomUUID()}.example` })}.${random(64)}`);
};
const makeStrangeKey = () => {
  const jwk = { crv: 'P-256', kty: 'EC', x: random(32), y: random(32) };
  const claims = { jti: randomUUID(), htm: 'GET', htu: url, iat: clock.now() / 1000 };
  return toRequest(
    `DPoP ${boundToken}`,
    `${encode({ typ: 'dpop+jwt', alg: 'ES256', jwk })}.${encode(claims)}.${random(64)}`,
  );
};

async function ask(verifier: Verifier, request: HttpRequest): Promise<string> {
  const answer = await verifier.check(request);
  return answer.outcome === 'refused' ? answer.error.code : answer.outcome;
}

async function makeGood(): Promise<readonly HttpRequest[]> {
  const { authorization, dpop } = await agent.headers({ url, method: 'GET', token: boundToken });
  return [...goodTokens.map(withToken), toRequest(authorization, dpop)];
}

/** Sends a flood, with good requests in between that must be accepted, and says what became of it. */
async function flood(verifier: Verifier, make: () => HttpRequest): Promise<ReadonlyMap<string, number>> {
  const answers = new Map<string, number>();
  for (let sent = 0; sent < floodSize; sent += atOnce) {
    const bad = Array.from({ length: atOnce }, async () => {
      const answer = await ask(verifier, make());
      answers.set(answer, (answers.get(answer) ?? 0) + 1);
    });
    for (const request of await makeGood()) expect(await ask(verifier, request)).toBe('accepted');
    await Promise.all(bad);
  }
  return answers;
}

const keyFetches = () => issuer.requests.filter(({ path }) => issuer.jwksUri.endsWith(path)).length;

function createGuard(options: Partial<VerifierOptions> = {}): Verifier {
  return createVerifier({ resource, issuers: [issuer.issuer], now: clock.now, ...options });
}

describe('a flood', () => {
  it.each([
    { of: 'texts that are no tokens', make: makeMalformed, code: 'ERR_TOKEN_MALFORMED', fetches: 0 },
    { of: 'forged signatures', make: makeForged, code: 'ERR_TOKEN_SIGNATURE', fetches: 1 },
    { of: 'unknown kids', make: makeUnknownKid, code: 'ERR_TOKEN_KEY', fetches: 1 },
    { of: 'unknown issuers', make: makeForeign, code: 'ERR_TOKEN_ISSUER', fetches: 0 },
    { of: 'keys of strangers', make: makeStrangeKey, code: 'ERR_TOKEN_BINDING', fetches: 0 },
  ])('of $of is refused, costs the issuer $fetches fetches, and keeps no good request out', async (attack) => {
    const verifier = createGuard();
    for (const request of await makeGood()) expect(await ask(verifier, request)).toBe('accepted');
    const before = keyFetches();
    expect([...(await flood(verifier, attack.make))]).toEqual([[attack.code, floodSize]]);
    expect(keyFetches() - before).toBe(attack.fetches);
    expect(verifier.health().cachedTokens).toBe(goodTokens.length + 1);
    await verifier.close();
  });

  it('of unknown issuers costs a directory a bounded number of questions at once, and keeps no good request out', async () => {
    let underWay = 0;
    let most = 0;
    const verifier = createGuard({
      issuers: {
        advertised: [],
        async find(iss) {
          underWay += 1;
          most = Math.max(most, underWay);
          await new Promise((resolve) => setImmediate(resolve));
          underWay -= 1;
          return iss === issuer.issuer ? iss : undefined;
        },
      },
    });
    for (const request of await makeGood()) expect(await ask(verifier, request)).toBe('accepted');
    const answers = await flood(verifier, makeForeign);
    expect([...answers.keys()].toSorted()).toEqual(['ERR_DIRECTORY_BUSY', 'ERR_TOKEN_ISSUER']);
    expect(most).toBe(32);
    expect(verifier.health().issuers).toHaveLength(1);
    await verifier.close();
  });

  it('of good tokens is accepted, and no more of them are remembered than may be', async () => {
    const verifier = createGuard({ limits: { cachedTokens: 20 } });
    const tokens = await Promise.all(Array.from({ length: floodSize }, () => issuer.token()));
    const answers = await flood(verifier, () => withToken(tokens.pop() ?? ''));
    expect([...answers]).toEqual([['accepted', floodSize]]);
    expect(verifier.health().cachedTokens).toBe(20);
    await verifier.close();
  });
});
