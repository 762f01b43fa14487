import { createVerifier, type Dialect, type HttpRequest, type IssuerOptions, type Outcome } from '@gatehouse/core';
import { createTestClock, createTestIssuer, type TestIssuer } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readText } from '../repository.ts';

/** Tokens of one vendor, and what an API that takes them is told. */
interface Fixture {
  readonly issuers: readonly string[];
  /** What the API is called in `aud`. */
  readonly audiences: readonly string[];
  /** What other JWTs of the issuer have there: an API that accepts these has only marks and missing claims to go by. */
  readonly foreignAudiences: readonly string[];
  readonly tokens: Readonly<Record<string, Token>>;
}

interface Token {
  /** Where the shape comes from. */
  readonly from: string;
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
  /** What the API sees of it. */
  readonly agent?: Readonly<Record<string, unknown>>;
  /** Or why it is refused. */
  readonly refusal?: readonly [code: string, ...reasons: string[]];
}

type Row = readonly [dialect: Dialect, name: string, token: Token];

const dialects = ['auth0', 'entra-id', 'keycloak', 'okta'] as const satisfies readonly Dialect[];
const read = (dialect: Dialect): Fixture => JSON.parse(readText(`test/dialects/${dialect}.json`));
const fixtures = Object.fromEntries(dialects.map((name) => [name, read(name)])) as Readonly<Record<Dialect, Fixture>>;
const tokens = dialects.flatMap((dialect) =>
  Object.entries(fixtures[dialect].tokens).map(([name, token]): Row => [dialect, name, token]),
);
const accessTokens = tokens.filter(([, , { agent }]) => agent !== undefined);
const otherKinds = tokens.filter(([, name]) => /^(?:idToken|refreshToken|logoutToken)/.test(name));

/** Members that the test issuer fills in where nothing else is said. */
const unset = { iss: undefined, sub: undefined, aud: undefined, client_id: undefined, jti: undefined };

let issuer: TestIssuer;

beforeAll(async () => {
  issuer = await createTestIssuer({ algorithm: 'RS256' });
});
afterAll(() => issuer.close());

function find(dialect: Dialect, name: string): Token {
  const token = fixtures[dialect].tokens[name];
  if (token === undefined) throw new Error(`There is no token ${name} of ${dialect}.`);
  return token;
}

const change = (token: Token, claims: Token['claims']): Token => ({ ...token, claims: { ...token.claims, ...claims } });
const unmark = (token: Token): Token =>
  change(token, { nonce: undefined, at_hash: undefined, events: undefined, typ: undefined });

function isForTheApi(dialect: Dialect, { claims }: Token): boolean {
  const audiences: readonly unknown[] = [claims['aud']].flat();
  return fixtures[dialect].audiences.some((audience) => audiences.includes(audience));
}

const requestWith = (token: string): HttpRequest => ({
  method: 'GET',
  target: '/',
  headers: { authorization: [`Bearer ${token}`] },
});

/** Presents a token a second after it was issued, to an API that accepts every audience of the fixture. */
async function present(dialect: Dialect, { header, claims }: Token, options: Partial<IssuerOptions> = {}) {
  const { issuers, audiences, foreignAudiences } = fixtures[dialect];
  const clock = createTestClock((Number(claims['iat']) + 1) * 1000);
  await using verifier = createVerifier({
    resource: 'https://api.example.com',
    issuers: issuers.map((name) => ({
      issuer: name,
      jwksUri: issuer.jwksUri,
      audience: [...audiences, ...foreignAudiences],
      tokenProfile: 'legacy',
      claims: dialect,
      ...options,
    })),
    now: clock.now,
  });
  // Key and algorithm are those of the test issuer; the rest of the header is the vendor's.
  const { alg: _alg, kid: _kid, ...rest }: Token['header'] = { typ: undefined, ...header };
  return await verifier.check(requestWith(await issuer.token({ ...unset, ...claims }, { header: rest })));
}

/** What a fixture says of a token. */
function summarize(outcome: Outcome): Pick<Token, 'agent' | 'refusal'> {
  if (outcome.outcome === 'refused') return { refusal: [outcome.error.code, ...outcome.error.reasons] };
  if (outcome.outcome !== 'accepted') throw new Error('Nobody is anonymous here.');
  const { sub, subjectType, clientId, scopes, tokenId } = outcome.agent;
  return { agent: { sub, subjectType, clientId, scopes: [...scopes], tokenId } };
}

describe('tokens of vendors, to an API that even calls itself as their clients are called', () => {
  it.each(tokens)('%s: %s [AT-01 AT-06 AT-12 JWT-16 JWT-22 JWT-27]', async (dialect, _name, token) => {
    const { agent, refusal } = token;
    expect(token.from).not.toBe('');
    expect(summarize(await present(dialect, token))).toEqual(agent === undefined ? { refusal } : { agent });
  });

  it.each(accessTokens.filter(([, , { header }]) => header['typ'] !== 'at+jwt'))(
    'are accepted because the legacy profile was asked for: %s, %s [AT-01]',
    async (dialect, _name, token) => {
      const outcome = await present(dialect, token, { tokenProfile: 'rfc9068', claims: { dialect, tokenId: ['jti'] } });
      expect(summarize(outcome)).toEqual({ refusal: ['ERR_TOKEN_TYPE'] });
    },
  );

  it.each(otherKinds)(
    'lack a claim too, were it not for their marks: %s, %s [JWT-16]',
    async (dialect, name, token) => {
      const outcome = await present(dialect, unmark(token));
      // These lack nothing but an audience of ours: it takes their mark to tell them apart.
      if (name === 'refreshToken' || name === 'idTokenWithMappers')
        expect(outcome).toMatchObject({ outcome: 'accepted' });
      else expect(summarize(outcome).refusal?.[0]).toBe('ERR_TOKEN_CLAIM_MISSING');
    },
  );

  it.each(otherKinds.filter(([dialect, , token]) => !isForTheApi(dialect, token)))(
    'are for somebody else, were it not for all that: %s, %s [AT-03]',
    async (dialect, _name, token) => {
      const { audiences } = fixtures[dialect];
      const outcome = await present(dialect, unmark(token), { audience: audiences });
      expect(summarize(outcome)).toEqual({ refusal: ['ERR_TOKEN_AUDIENCE'] });
    },
  );
});

describe('Auth0', () => {
  it('is served by RFC 9068 where its API has that profile [AT-01]', async () => {
    const options = { tokenProfile: 'rfc9068', claims: { dialect: 'auth0', tokenId: ['jti'] } } as const;
    for (const name of ['rfc9068User', 'rfc9068Client']) {
      const { agent, claims, ...token } = find('auth0', name);
      const outcome = await present('auth0', { claims, ...token }, options);
      expect(summarize(outcome)).toEqual({ agent: { ...agent, tokenId: claims['jti'] } });
    }
    const outcome = await present('auth0', find('auth0', 'idToken'), options);
    expect(summarize(outcome)).toEqual({ refusal: ['ERR_TOKEN_TYPE'] });
  });

  it('gives permissions for scopes where that was asked for, and then nothing else', async () => {
    const options = { claims: { dialect: 'auth0', scopes: ['permissions'] } } as const;
    const outcome = await present('auth0', find('auth0', 'userWithPermissions'), options);
    expect(summarize(outcome)).toMatchObject({ agent: { scopes: ['read:data', 'write:data', 'admin'] } });
    const plain = await present('auth0', find('auth0', 'user'), options);
    expect(summarize(plain)).toEqual({ refusal: ['ERR_TOKEN_CLAIM_MISSING', 'permissions'] });
  });

  it('has tokens of thirty days where that was asked for', async () => {
    const token = find('auth0', 'client');
    const long = change(token, { exp: Number(token.claims['iat']) + 2_592_000 });
    expect(summarize(await present('auth0', long))).toEqual({ refusal: ['ERR_TOKEN_LIFETIME'] });
    const outcome = await present('auth0', long, { maxTokenLifetimeSeconds: 2_592_000 });
    expect(outcome).toMatchObject({ outcome: 'accepted' });
  });
});

describe('Keycloak', () => {
  it('is served by RFC 9068 where its clients have that type of access token [AT-01]', async () => {
    const { agent, ...token } = find('keycloak', 'user');
    const typed = { ...token, header: { typ: 'at+jwt' } };
    expect(summarize(await present('keycloak', typed, { tokenProfile: 'rfc9068' }))).toEqual({ agent });
    const outcome = await present('keycloak', find('keycloak', 'idTokenForTheApi'), { tokenProfile: 'rfc9068' });
    expect(summarize(outcome)).toEqual({ refusal: ['ERR_TOKEN_TYPE'] });
  });
});

describe('Entra ID', () => {
  it('has issuers that are compared to the byte: with a slash at the end in version 1.0, without in 2.0 [AT-02]', async () => {
    for (const [name, ends] of Object.entries({ userV1: true, userV2: false })) {
      const token = find('entra-id', name);
      const iss = String(token.claims['iss']);
      expect(iss.endsWith('/')).toBe(ends);
      const changed = change(token, { iss: ends ? iss.slice(0, -1) : `${iss}/` });
      expect(summarize(await present('entra-id', changed))).toEqual({ refusal: ['ERR_TOKEN_ISSUER'] });
    }
  });

  it.each([
    ['userV1', '/11112222-aaaa-4bbb-8ccc-333344445555/'],
    ['userV2', '/11112222-aaaa-4bbb-8ccc-333344445555/v2.0'],
  ])('is found by OpenID metadata below the path of its issuer: %s, %s [DSC-02 DSC-03]', async (name, path) => {
    const { claims } = find('entra-id', name);
    const clock = createTestClock((Number(claims['iat']) + 1) * 1000);
    await using tenant = await createTestIssuer({ algorithm: 'RS256', path, metadata: 'openid' });
    await using verifier = createVerifier({
      resource: 'https://api.example.com',
      issuers: [
        {
          issuer: tenant.issuer,
          audience: fixtures['entra-id'].audiences,
          tokenProfile: 'legacy',
          claims: 'entra-id',
        },
      ],
      now: clock.now,
    });
    const token = await tenant.token({ ...unset, ...claims, iss: tenant.issuer }, { header: { typ: 'JWT' } });
    const outcome = await verifier.check(requestWith(token), { requirement: 'Data.Read' });
    expect(outcome).toMatchObject({ outcome: 'accepted', agent: { iss: tenant.issuer } });
  });
});
