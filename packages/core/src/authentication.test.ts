import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import type { HttpRequest } from './http/request.ts';
import { createRevocationList } from './status/revocation-list.ts';
import { createVerifier, type Verifier } from './verifier.ts';

const resource = 'https://api.example';
const issuer = 'https://as.example';
const start = 1_800_000_000;
const { publicKey, privateKey } = await generateKeyPair('ES256');
const { kty = '', ...members } = await exportJWK(publicKey);
const issuers = [{ issuer, jwks: { keys: [{ kty, ...members }] } }];
const tokenBytes = 1000;

const token = await new SignJWT({ scope: 'read:data', client_id: 'assistant', jti: '1' })
  .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt' })
  .setIssuer(issuer)
  .setAudience(resource)
  .setSubject('alice')
  .setIssuedAt(start)
  .setExpirationTime(start + 60)
  .sign(privateKey);

const request = (...authorization: readonly string[]): HttpRequest => ({
  method: 'GET',
  target: '/',
  headers: { authorization },
});

interface Opened {
  readonly verifier: Verifier;
  readonly clock: { seconds: number };
}

/** A verifier whose time is given, that remembers the token or remembers none. */
async function open(cachedTokens: number): Promise<Opened> {
  const clock = { seconds: start };
  const now = () => clock.seconds * 1000;
  const stores = { revocations: createRevocationList({ now }) };
  const verifier = createVerifier({ resource, issuers, limits: { cachedTokens, tokenBytes }, stores, now });
  expect(await verifier.check(request(`Bearer ${token}`))).toMatchObject({ outcome: 'accepted' });
  expect(verifier.health().cachedTokens).toBe(cachedTokens === 0 ? 0 : 1);
  return { verifier, clock };
}

/** How it ends, with every byte that a caller would see. */
async function judge(verifier: Verifier, asked: HttpRequest, requirement = 'read:data'): Promise<unknown> {
  const outcome = await verifier.check(asked, { requirement });
  if (outcome.outcome === 'refused') return { code: outcome.error.code, response: outcome.response };
  return outcome;
}

describe('a token that is remembered', () => {
  /** Letters whose lower bytes are those of the token. */
  const shifted = [...token].map((letter) => String.fromCharCode(letter.charCodeAt(0) + 0x100)).join('');

  it.each([
    ['one space', true, [`Bearer ${token}`]],
    ['two spaces', true, [`Bearer  ${token}`]],
    ['a hundred spaces', true, [`Bearer${' '.repeat(100)}${token}`]],
    ['its scheme in other letters', true, [`bEARER ${token}`]],
    ['so many spaces that the limit is passed', false, [`Bearer${' '.repeat(tokenBytes)}${token}`]],
    ['a tab for the space', false, [`Bearer\t${token}`]],
    ['a tab behind the space', false, [`Bearer \t${token}`]],
    ['a space in front', false, [` Bearer ${token}`]],
    ['a space at its end', false, [`Bearer ${token} `]],
    ['a line feed at its end', false, [`Bearer ${token}\n`]],
    ['a NUL at its end', false, [`Bearer ${token}\0`]],
    ['padding', false, [`Bearer ${token}=`]],
    ['a second token', false, [`Bearer ${token} ${token}`]],
    ['a comma', false, [`Bearer ${token},`]],
    ['letters that end in the same bytes', false, [`Bearer ${shifted}`]],
    ['no scheme', false, [token]],
    ['no space', false, [`Bearer${token}`]],
    ['another scheme', false, [`Basic ${token}`]],
    ['the scheme of proofs', false, [`DPoP ${token}`]],
    ['a second field', false, [`Bearer ${token}`, `Bearer ${token}`]],
    ['an empty second field', false, [`Bearer ${token}`, '']],
    ['no field', false, []],
  ])('with %s is judged as one that is not [BRR-03 BRR-04 BRR-07 BRR-11]', async (_, isGood, fields) => {
    const [remembering, forgetful] = [await open(10), await open(0)];
    const judged = await judge(remembering.verifier, request(...fields));
    expect(judged).toEqual(await judge(forgetful.verifier, request(...fields)));
    expect(judged).toMatchObject(isGood ? { outcome: 'accepted' } : { code: expect.any(String) });
    expect(await judge(remembering.verifier, request(`Bearer ${token}`))).toMatchObject({ outcome: 'accepted' });
  });

  it('is refused among fields of which some were dropped [BRR-07]', async () => {
    const { verifier } = await open(10);
    const truncated = { ...request(`Bearer ${token}`), truncated: true };
    expect(await judge(verifier, truncated)).toMatchObject({ code: 'ERR_FIELDS_TRUNCATED' });
    expect(await judge(verifier, request(`Bearer ${token}`))).toMatchObject({ outcome: 'accepted' });
  });

  const changes: Readonly<Record<string, (opened: Opened) => unknown>> = {
    ERR_SCOPE: () => undefined,
    ERR_TOKEN_EXPIRED: ({ clock }) => Object.assign(clock, { seconds: start + 65 }),
    ERR_TOKEN_REVOKED: ({ verifier }) => verifier.revocations.revoke({ iss: issuer, sub: 'alice' }),
    ERR_VERIFIER_CLOSED: ({ verifier }) => verifier.close(),
  };

  it.each(Object.entries(changes))('is refused with %s as one that is not [BRR-15]', async (code, change) => {
    const requirement = code === 'ERR_SCOPE' ? 'write:data' : 'read:data';
    for (const opened of [await open(10), await open(0)]) {
      await change(opened);
      expect(await judge(opened.verifier, request(`Bearer ${token}`), requirement)).toMatchObject({ code });
    }
  });

  it('is refused by a clock that says nothing', async () => {
    const { verifier, clock } = await open(10);
    clock.seconds = Number.NaN;
    expect(await judge(verifier, request(`Bearer ${token}`))).toMatchObject({ code: 'ERR_TOKEN_EXPIRED' });
  });
});

it.each(['"', 'a,b', 'a b', 'a\n'])('%j is no token at all, and the request malformed [BRR-04]', async (text) => {
  const { verifier } = await open(10);
  expect(await judge(verifier, request(`Bearer ${text}`))).toMatchObject({ code: 'ERR_AUTHORIZATION_MALFORMED' });
});

describe('a request that was refused', () => {
  it('stays refused, whatever becomes of its fields', async () => {
    const { verifier } = await open(10);
    const authorization = ['Bearer "'];
    const asked = request();
    Object.assign(asked.headers, { authorization });
    expect(await judge(verifier, asked)).toMatchObject({ code: 'ERR_AUTHORIZATION_MALFORMED' });
    authorization[0] = `Bearer ${token}`;
    expect(await judge(verifier, asked)).toMatchObject({ code: 'ERR_AUTHORIZATION_MALFORMED' });
    expect(await judge(verifier, request(...authorization))).toMatchObject({ outcome: 'accepted' });
  });
});

describe('what is thrown', () => {
  const fault = new RangeError('fault');
  function fail(): never {
    throw fault;
  }

  it('in a request about which everything is known rejects, and lets nobody pass', async () => {
    const clock = { read: () => start * 1000 };
    const list = createRevocationList({ now: () => start * 1000 });
    const now = () => clock.read();
    const revocations = { ...list, find: (asked: Parameters<typeof list.find>[0]) => list.find(asked) };
    const byClock = createVerifier({ resource, issuers, now, stores: { revocations: list } });
    const byList = createVerifier({ resource, issuers, now: () => start * 1000, stores: { revocations } });
    const kept = await byList.check(request(`Bearer ${token}`));
    await byClock.check(request(`Bearer ${token}`));
    clock.read = fail;
    revocations.find = fail;
    for (const verifier of [byClock, byList]) {
      for (const step of ['check', 'authenticate'] as const) {
        const answer = verifier[step](request(`Bearer ${token}`));
        expect(answer).toBeInstanceOf(Promise);
        await expect(answer).rejects.toBe(fault);
      }
    }
    if (kept.outcome !== 'accepted') throw new Error('not accepted');
    await expect(byList.authorize(kept.agent)).rejects.toBe(fault);
  });

  it('for what is no request, no agent or no requirement rejects, too', async () => {
    const { verifier } = await open(10);
    for (const nothing of [undefined, null, 1, 'request', {}]) {
      for (const step of ['check', 'authenticate', 'authorize'] as const) {
        await expect(verifier[step](nothing as never)).rejects.toBeInstanceOf(TypeError);
      }
    }
    const mistake = { requirement: { scope: 'read:data' } } as never;
    await expect(verifier.check(request(`Bearer ${token}`), mistake)).rejects.toThrow('requirement');
  });
});
