import { createTestIssuer, tokenDefects } from '@gatehouse/testing';
import { describe, expect, test } from 'vitest';
import { sendRequest } from './http.ts';
import { startPair } from './pair.ts';
import { runContractServer, startContractServer } from './start.ts';

const claims = { scope: 'read:data' };
const ISSUER = 'http://127.0.0.1:9';

describe('PORT and HOST', () => {
  test('may be a loopback address of IPv6', async () => {
    await using pair = await startPair({ HOST: '::1' });
    expect(pair.url).toMatch(/^http:\/\/\[::1\]:\d+$/);
    expect((await pair.send('/read', claims)).status).toBe(200);
    expect((await pair.send('/read')).challenges).toMatchObject([
      { resource_metadata: `${pair.url}/.well-known/oauth-protected-resource` },
    ]);
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
    expect((await pair.send('/read')).challenges).toMatchObject([{ resource_metadata: url }]);
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

describe('variables', () => {
  test.each([
    ['ADAPTER', 'hono'],
    ['TOKEN_MODE', 'introspect'],
    ['DPOP', 'required'],
    ['DPOP_NONCE', '1'],
    ['MTLS', '1'],
    ['MTLS', 'header'],
    ['TLS_CERT', '/cert.pem'],
    ['TLS_KEY', '/key.pem'],
    ['TLS_CA', '/ca.pem'],
    ['ALLOW_JWT_TYP', 'yes'],
    ['PUBLIC_URL', 'https://api.example.com/v2'],
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
    [{ AUDIENCE: 'api' }, /^AUDIENCE must be a URL\.\n$/],
    [{ ISSUER: 'http://auth.example.com' }, /issuers\.0\.issuer: must be https/],
    [{ CLOCK_TOLERANCE: '301' }, /clockToleranceSeconds/],
  ])('that cannot be used end the process: %j', async (environment, message) => {
    const { code, stdout, stderr } = await runContractServer({ ISSUER, ...environment });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^ +at /m);
  });

  test('that configure what does not exist yet are taken, and so are empty ones', async () => {
    await using issuer = await createTestIssuer();
    await using server = await startContractServer({
      ISSUER: issuer.issuer,
      TOKEN_MODE: 'jwt',
      DPOP: 'allowed',
      DPOP_MAX_AGE: '60',
      DPOP_NONCE: '',
      DPOP_NONCE_TTL: '300',
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
      PUBLIC_URL: '',
    });
    const token = await issuer.token({ aud: server.url, act: { sub: 'agent-1' } });
    const answer = await sendRequest(`${server.url}/agent`, { lines: ['authorization', `Bearer ${token}`] });
    expect(answer.status).toBe(200);
  });
});
