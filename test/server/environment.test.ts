import { createTestIssuer, tokenDefects } from '@gatehouse/testing';
import { describe, expect, test } from 'vitest';
import { createBoundClient } from './bound-client.ts';
import { type Answer, sendRequest } from './http.ts';
import { startPair } from './pair.ts';
import { runContractServer, startContractServer } from './start.ts';

const claims = { scope: 'read:data' };
const ISSUER = 'http://127.0.0.1:9';

describe('PORT and HOST', () => {
  test('may be a loopback address of IPv6', async () => {
    await using pair = await startPair({ HOST: '::1' });
    expect(pair.url).toMatch(/^http:\/\/\[::1\]:\d+$/);
    expect((await pair.send('/read', claims)).status).toBe(200);
    const resource_metadata = `${pair.url}/.well-known/oauth-protected-resource`;
    expect((await pair.send('/read')).challenges).toMatchObject([{ resource_metadata }, { resource_metadata }]);
  });

  test('that are taken end the process with a sentence', async () => {
    await using server = await startContractServer({ ISSUER });
    const { code, stderr } = await runContractServer({ ISSUER, PORT: new URL(server.url).port });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^listen EADDRINUSE: .*\n$/);
  });
});

describe('ISSUER', () => {
  test.each([
    ['/tenant/1', 'oauth'],
    ['/tenant/1', 'openid'],
    ['/', 'oauth'],
  ] as const)('may have the path "%s" and %s metadata [AT-02 PRM-08]', async (path, metadata) => {
    await using pair = await startPair({}, { path, metadata });
    expect((await pair.send('/read', claims)).status).toBe(200);
    const document = await pair.send('/.well-known/oauth-protected-resource');
    expect(document.json).toMatchObject({ authorization_servers: [pair.issuer.issuer] });
    const iss = path.endsWith('/') ? pair.issuer.issuer.slice(0, -1) : `${pair.issuer.issuer}/`;
    expect((await pair.send('/read', { ...claims, iss })).status).toBe(401);
  });
});

describe('AUDIENCE', () => {
  test.each([
    ['https://api.example.com/', '', 'https://api.example.com/.well-known/oauth-protected-resource'],
    ['https://api.example.com/v2', '/v2', 'https://api.example.com/.well-known/oauth-protected-resource/v2'],
  ])('"%s" is resource, audience and base of the metadata URL [AT-03 PRM-01 PRM-04]', async (AUDIENCE, path, url) => {
    await using pair = await startPair({ AUDIENCE });
    expect((await pair.send('/read', claims)).status).toBe(200);
    expect((await pair.send('/read', { ...claims, aud: pair.url })).status).toBe(401);
    expect((await pair.send('/read')).challenges).toMatchObject([
      { resource_metadata: url },
      { resource_metadata: url },
    ]);
    const document = await pair.send(`/.well-known/oauth-protected-resource${path}`);
    expect(document).toMatchObject({ status: 200, json: { resource: AUDIENCE } });
    if (path !== '') expect((await pair.send('/.well-known/oauth-protected-resource')).status).toBe(404);
  });
});

describe('CLOCK_TOLERANCE', () => {
  test.each([
    ['120', 200],
    ['0', 401],
  ])('of "%s" seconds is given to tokens that have expired [AT-05]', async (CLOCK_TOLERANCE, status) => {
    await using pair = await startPair({ CLOCK_TOLERANCE });
    expect((await pair.send('/read', { ...claims, exp: Math.floor(Date.now() / 1000) - 1 })).status).toBe(status);
  });
});

describe('ALLOW_JWT_TYP', () => {
  const bearer = (token: string) => ({ lines: ['authorization', `Bearer ${token}`] });

  test.each([
    ['1', [200, 200, 200, 200, 200]],
    ['0', [401, 401, 401, 200, 401]],
    ['', [401, 401, 401, 200, 401]],
  ])('of "%s" decides whether a token may call itself a JWT, or nothing [AT-01]', async (ALLOW_JWT_TYP, statuses) => {
    await using pair = await startPair({ ALLOW_JWT_TYP });
    const answers = ['JWT', 'jwt', 'application/JWT', 'at+jwt', undefined].map(async (typ) =>
      pair.send('/read', undefined, bearer(await pair.token(claims, { header: { typ } }))),
    );
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(statuses);
  });

  test('lets no other defect through: what RFC 9068 requires is required [AT-06]', async () => {
    await using pair = await startPair({ ALLOW_JWT_TYP: '1', JWKS_COOLDOWN_MS: '1' });
    const header = { typ: 'JWT' };
    expect((await pair.send('/read', undefined, bearer(await pair.token(claims, { header })))).status).toBe(200);
    const accepted: string[] = [];
    for (const defect of tokenDefects) {
      const { status } = await pair.send('/read', undefined, bearer(await pair.token(claims, { header, defect })));
      if (status === 200) accepted.push(defect);
      else expect(status).toBe(defect === 'json-serialization' ? 400 : 401);
    }
    // Scopes in a list are what many issuers of such tokens write.
    expect(accepted).toEqual(['array-scope', 'typ-jwt', 'missing-typ']);
  });

  test.each([{ nonce: 'n-1' }, { at_hash: 'x' }, { typ: 'ID' }, { events: {} }, { htm: 'GET' }, { scope: undefined }])(
    'takes no other kind of JWT for an access token, not even one for this API: %j [JWT-16]',
    async (mark) => {
      await using pair = await startPair({ ALLOW_JWT_TYP: '1' });
      const header = { typ: 'JWT' };
      const tokens = [await pair.token(claims, { header }), await pair.token({ ...claims, ...mark }, { header })];
      const answers = await Promise.all(tokens.map((token) => pair.send('/read', undefined, bearer(token))));
      expect(answers.map(({ status }) => status)).toEqual([200, 401]);
    },
  );
});

describe('DPOP_MAX_AGE', () => {
  test('is how long a proof is good after it was made, beside the tolerance', async () => {
    await using pair = await startPair({ DPOP_MAX_AGE: '300', CLOCK_TOLERANCE: '0' });
    const client = await createBoundClient(pair);
    const now = Math.floor(Date.now() / 1000);
    expect((await client.send('/read', { claims, proof: { iat: now - 200 } })).status).toBe(200);
    const late = await client.send('/read', { claims, proof: { iat: now - 301 } });
    expect(late).toMatchObject({ status: 401, challenges: [{ error: 'invalid_dpop_proof' }, { scheme: 'Bearer' }] });
  });

  test('is a minute where nobody says otherwise', async () => {
    await using pair = await startPair();
    const client = await createBoundClient(pair);
    const now = Math.floor(Date.now() / 1000);
    expect((await client.send('/read', { claims, proof: { iat: now - 30 } })).status).toBe(200);
    expect((await client.send('/read', { claims, proof: { iat: now - 66 } })).status).toBe(401);
  });
});

describe('DPOP_NONCE', () => {
  /** The nonce of a refusal that asks for one. */
  function nonceOf({ status, headers, challenges }: Answer): string {
    expect(status).toBe(401);
    expect(challenges).toMatchObject([{ scheme: 'DPoP', error: 'use_dpop_nonce' }, { scheme: 'Bearer' }]);
    expect(headers['cache-control']).toEqual(['no-store']);
    expect(headers['dpop-nonce']).toEqual([expect.stringMatching(/^[\w-]+$/)]);
    return headers['dpop-nonce']?.[0] ?? '';
  }

  test('of "1" demands a nonce, which the refusal brings', async () => {
    await using pair = await startPair({ DPOP_NONCE: '1' });
    const client = await createBoundClient(pair);
    const nonce = nonceOf(await client.send('/read', { claims }));
    const accepted = await client.send('/read', { claims, proof: { nonce } });
    expect(accepted.status).toBe(200);
    expect(accepted.headers).not.toHaveProperty('dpop-nonce');
    nonceOf(await client.send('/read', { claims, proof: { nonce: `${nonce.slice(0, -1)}!` } }));
    // Whoever has no proof yet is spared the detour.
    expect((await pair.send('/read')).headers['dpop-nonce']).toHaveLength(1);
    expect((await pair.send('/read', claims)).status).toBe(200);
  });

  test.each(['', '0'])('of "%s" demands and brings none', async (DPOP_NONCE) => {
    await using pair = await startPair({ DPOP_NONCE });
    const client = await createBoundClient(pair);
    expect((await client.send('/read', { claims })).status).toBe(200);
    expect((await pair.send('/read')).headers).not.toHaveProperty('dpop-nonce');
  });

  test('is good for DPOP_NONCE_TTL seconds', async () => {
    await using pair = await startPair({ DPOP_NONCE: '1', DPOP_NONCE_TTL: '1', CLOCK_TOLERANCE: '0' });
    const client = await createBoundClient(pair);
    const nonce = nonceOf(await client.send('/read', { claims }));
    await expect
      .poll(async () => (await client.send('/read', { claims, proof: { nonce } })).status, { timeout: 10_000 })
      .toBe(401);
    nonceOf(await client.send('/read', { claims, proof: { nonce } }));
  });

  test.each([
    ['the same', 'secret', 'secret', 200],
    ['another', 'secret', 'another', 401],
    ['no', undefined, undefined, 401],
  ])('of a process with %s DPOP_NONCE_SECRET', async (_title, one, other, status) => {
    const AUDIENCE = 'https://api.example.com';
    await using pair = await startPair({ AUDIENCE, DPOP_NONCE: '1', DPOP_NONCE_SECRET: one });
    await using second = await startContractServer({
      ISSUER: pair.issuer.issuer,
      AUDIENCE,
      DPOP_NONCE: '1',
      DPOP_NONCE_SECRET: other,
    });
    const client = await createBoundClient(pair);
    const htu = `${AUDIENCE}/read`;
    const nonce = nonceOf(await client.send('/read', { claims, proof: { htu } }));
    expect((await client.send('/read', { claims, proof: { htu, nonce } })).status).toBe(200);
    const elsewhere = await client.send('/read', { claims, proof: { htu, nonce }, origin: second.url });
    expect(elsewhere.status).toBe(status);
  });
});

describe('PUBLIC_URL', () => {
  test.each([
    [{}, 'https://api.example.com/read'],
    [{ PUBLIC_URL: 'https://gateway.example.com' }, 'https://gateway.example.com/read'],
    [{ PUBLIC_URL: 'https://gateway.example.com/api/v2' }, 'https://gateway.example.com/api/v2/read'],
  ])('is what proofs are made for, else the origin of AUDIENCE: %j', async (environment, htu) => {
    await using pair = await startPair({ AUDIENCE: 'https://api.example.com/v2', ...environment });
    const client = await createBoundClient(pair);
    expect((await client.send('/read', { claims, proof: { htu } })).status).toBe(200);
    // What the request itself says about the host counts for nothing.
    expect((await client.send('/read', { claims })).status).toBe(401);
  });
});

describe('variables', () => {
  test.each([
    ['ADAPTER', 'hono'],
    ['TOKEN_MODE', 'opaque'],
    ['DPOP', 'required'],
    ['DPOP_NONCE', 'yes'],
    ['MTLS', 'yes'],
    ['ALLOW_JWT_TYP', 'yes'],
  ])('that ask for what is not supported end the process: %s=%s', async (name, value) => {
    const { code, stdout, stderr } = await runContractServer({ ISSUER, [name]: value });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(new RegExp(`^${name} asks for something that this version does not support: .*\\.\\n$`));
  });

  test.each([
    [{ ISSUER: '' }, /^Set ISSUER to .*\.\n$/],
    [{ PORT: 'http' }, /^PORT must be a whole number from 0 to 65535\.\n$/],
    [{ PORT: '65536' }, /^PORT must be a whole number/],
    [{ JWKS_CACHE_MS: '1.5' }, /^JWKS_CACHE_MS must be a whole number/],
    [
      { TOKEN_MODE: 'introspect', INTROSPECTION_TIMEOUT_MS: 'soon' },
      /^INTROSPECTION_TIMEOUT_MS must be a whole number/,
    ],
    [{ AUDIENCE: 'api' }, /^AUDIENCE must be a URL\.\n$/],
    [{ PUBLIC_URL: 'api' }, /^PUBLIC_URL must be a URL\.\n$/],
    [{ DPOP_MAX_AGE: '601' }, /^DPOP_MAX_AGE must be a whole number from 1 to 600\.\n$/],
    [{ DPOP_NONCE: '1', DPOP_NONCE_TTL: '0' }, /^DPOP_NONCE_TTL must be a whole number from 1 to 86400\.\n$/],
    [{ TLS_CERT: '/cert.pem' }, /^Set TLS_CERT and TLS_KEY together\.\n$/],
    [{ TLS_KEY: '/key.pem' }, /^Set TLS_CERT and TLS_KEY together\.\n$/],
    [{ TLS_CA: '/ca.pem' }, /^TLS_CA needs TLS_CERT and TLS_KEY\.\n$/],
    [{ MTLS: '1' }, /^MTLS=1 needs TLS_CERT and TLS_KEY\.\n$/],
    [{ TLS_CERT: '/no/cert.pem', TLS_KEY: '/no/key.pem' }, /^ENOENT: .*\/no\/cert\.pem'\n$/],
    [{ TLS_CERT: '/dev/null', TLS_KEY: '/dev/null' }, /^TLS_CERT, TLS_KEY and TLS_CA must name .*\n$/],
    [{ REDIS_URL: '127.0.0.1:6379' }, /^REDIS_URL must be a URL that begins with redis:\/\/ or rediss:\/\/\.\n$/],
    [{ REDIS_URL: 'redis://127.0.0.1', REDIS_TIMEOUT_MS: '1s' }, /^REDIS_TIMEOUT_MS must be a whole number/],
    [{ ISSUER: 'http://auth.example.com' }, /issuers\.0\.issuer: must be https/],
    [{ CLOCK_TOLERANCE: '301' }, /clockToleranceSeconds/],
  ])('that cannot be used end the process: %j', async (environment, message) => {
    const { code, stdout, stderr } = await runContractServer({ ISSUER, ...environment });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^ +at /m);
  });

  test('that configure what is not there, or not asked for, are taken, and so are empty ones', async () => {
    await using issuer = await createTestIssuer();
    await using server = await startContractServer({
      ISSUER: issuer.issuer,
      TOKEN_MODE: 'jwt',
      DPOP: 'allowed',
      DPOP_NONCE: '',
      DPOP_NONCE_TTL: '',
      DPOP_NONCE_SECRET: 'secret',
      REDIS_URL: 'redis://127.0.0.1:9',
      REDIS_TIMEOUT_MS: '1000',
      INTROSPECTION_CLIENT_ID: 'rs',
      INTROSPECTION_CLIENT_SECRET: 'rs-secret',
      INTROSPECTION_CACHE_TTL_MS: '0',
      INTROSPECTION_TIMEOUT_MS: '1000',
      ALLOWED_ACTORS: '',
      AUDIENCE: '',
      MTLS: '',
      TLS_CERT: '',
      TLS_KEY: '',
      TLS_CA: '',
      PUBLIC_URL: '',
    });
    const token = await issuer.token({ aud: server.url, act: { sub: 'agent-1' } });
    const answer = await sendRequest(`${server.url}/agent`, { lines: ['authorization', `Bearer ${token}`] });
    expect(answer.status).toBe(200);
  });
});
