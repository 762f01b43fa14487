import {
  compactVerify,
  createLocalJWKSet,
  createRemoteJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  jwtVerify,
} from 'jose';
import { afterEach, describe, expect, test } from 'vitest';
import { createTestClock } from './clock.ts';
import { createTestIssuer, type TestIssuer, type TestIssuerOptions } from './issuer.ts';

const audience = 'https://api.example.com';
const started: TestIssuer[] = [];

async function issuerWith(options: TestIssuerOptions = {}): Promise<TestIssuer> {
  const issuer = await createTestIssuer({ audience, ...options });
  started.push(issuer);
  return issuer;
}

afterEach(async () => {
  await Promise.all(started.splice(0).map((issuer) => issuer.close()));
});

const json = async (url: string): Promise<unknown> => (await fetch(url)).json();
const pathOf = (url: string): string => new URL(url).pathname;

describe('tokens', () => {
  test('carry what RFC 9068 requires, in whole seconds', async () => {
    const issuer = await issuerWith({ clock: createTestClock(1_800_000_000_999) });
    const token = await issuer.token();
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: issuer.jwks().keys[0]?.kid });
    expect(decodeJwt(token)).toEqual({
      iss: issuer.issuer,
      sub: 'user-1',
      client_id: 'client-1',
      aud: audience,
      iat: 1_800_000_000,
      exp: 1_800_000_300,
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  test('verify with the keys the issuer serves', async () => {
    const issuer = await issuerWith();
    const keys = createRemoteJWKSet(new URL(issuer.jwksUri));
    await jwtVerify(await issuer.token(), keys, { issuer: issuer.issuer, audience, typ: 'at+jwt' });
  });

  test('take any claim, and leave out what is undefined', async () => {
    const issuer = await issuerWith();
    const act = { sub: 'agent-1', act: { sub: 'agent-2' } };
    const claims = decodeJwt(await issuer.token({ sub: 'alice', act, tenant: 7, client_id: undefined }));
    expect(claims).toMatchObject({ sub: 'alice', act, tenant: 7 });
    expect(claims).not.toHaveProperty('client_id');
  });

  test('take any header, under a signature of the same key', async () => {
    const issuer = await issuerWith();
    const token = await issuer.token({}, { header: { typ: undefined, kid: 7, alg: 'RS256' } });
    const [header = '', ...rest] = token.split('.');
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({ alg: 'RS256', kid: 7 });
    expect(rest).toHaveLength(2);
  });

  test('have a jti of their own', async () => {
    const issuer = await issuerWith();
    const [one, other] = [decodeJwt(await issuer.token()), decodeJwt(await issuer.token())];
    expect(one.jti).not.toBe(other.jti);
  });

  test('need an audience from the issuer or from the claims', async () => {
    const issuer = await createTestIssuer();
    started.push(issuer);
    await expect(issuer.token()).rejects.toThrow(TypeError);
    expect(decodeJwt(await issuer.token({ aud: ['one', 'two'] })).aud).toEqual(['one', 'two']);
    expect(decodeJwt(await issuer.token({ aud: undefined }))).not.toHaveProperty('aud');
  });
});

describe('metadata', () => {
  const oauth = '/.well-known/oauth-authorization-server';
  const openid = '/.well-known/openid-configuration';

  test.each([
    { path: '', metadata: 'oauth', at: oauth },
    { path: '/', metadata: 'oauth', at: oauth },
    { path: '/tenant/1', metadata: 'oauth', at: `${oauth}/tenant/1` },
    { path: '/tenant/1/', metadata: 'oauth', at: `${oauth}/tenant/1` },
    { path: '', metadata: 'openid', at: openid },
    { path: '/', metadata: 'openid', at: openid },
    { path: '/tenant/1', metadata: 'openid', at: `/tenant/1${openid}` },
    { path: '/tenant/1/', metadata: 'openid', at: `/tenant/1${openid}` },
  ] as const)('of an issuer with path "$path" is at $at ($metadata)', async ({ path, metadata, at }) => {
    const issuer = await issuerWith({ path, metadata });
    const { origin } = new URL(issuer.issuer);
    expect(issuer.issuer).toBe(`${origin}${path}`);
    expect(issuer.metadataUri).toBe(`${origin}${at}`);
    expect(await json(issuer.metadataUri)).toMatchObject({ issuer: issuer.issuer, jwks_uri: issuer.jwksUri });
    expect(await json(issuer.jwksUri)).toEqual(issuer.jwks());
  });

  test('is one of two documents; the other is not found', async () => {
    const issuer = await issuerWith({ metadata: 'oauth' });
    expect((await fetch(`${issuer.issuer}${openid}`)).status).toBe(404);
    const other = await issuerWith({ metadata: 'openid' });
    expect((await fetch(`${other.issuer}${oauth}`)).status).toBe(404);
  });

  test('takes changes, and loses members set to undefined', async () => {
    const issuer = await issuerWith();
    issuer.publishMetadata({ issuer: 'https://other.example' });
    issuer.publishMetadata({ jwks_uri: undefined });
    const document = await json(issuer.metadataUri);
    expect(document).toMatchObject({ issuer: 'https://other.example' });
    expect(document).not.toHaveProperty('jwks_uri');
  });

  test.each(['tenant', '/tenant?x', '/tenant#x', '/ten ant'])('refuses the path "%s"', async (path) => {
    await expect(createTestIssuer({ path })).rejects.toThrow(TypeError);
  });
});

describe('keys', () => {
  test('rotate to a new kid; old tokens go on verifying', async () => {
    const issuer = await issuerWith();
    const old = await issuer.token();
    await issuer.rotateKeys();
    const fresh = await issuer.token();
    expect(decodeProtectedHeader(fresh).kid).not.toBe(decodeProtectedHeader(old).kid);
    const keys = createLocalJWKSet((await json(issuer.jwksUri)) as ReturnType<TestIssuer['jwks']>);
    await compactVerify(old, keys);
    await compactVerify(fresh, keys);
  });

  test('that are withdrawn stop verifying', async () => {
    const issuer = await issuerWith();
    const old = await issuer.token();
    await issuer.rotateKeys({ oldKeys: 'withdraw' });
    const keys = createLocalJWKSet((await json(issuer.jwksUri)) as ReturnType<TestIssuer['jwks']>);
    await expect(compactVerify(old, keys)).rejects.toThrow('no applicable key');
    await compactVerify(await issuer.token(), keys);
  });

  test('keep their algorithm unless told otherwise', async () => {
    const issuer = await issuerWith({ algorithm: 'EdDSA' });
    await issuer.rotateKeys();
    await issuer.rotateKeys({ algorithm: 'ES384' });
    expect(issuer.jwks().keys.map(({ alg }) => alg)).toEqual(['EdDSA', 'EdDSA', 'ES384']);
  });

  test('give way to whatever is published, until the next rotation', async () => {
    const issuer = await issuerWith();
    issuer.publish({ keys: [] });
    expect(await json(issuer.jwksUri)).toEqual({ keys: [] });
    issuer.publish('not a key set');
    expect(await json(issuer.jwksUri)).toBe('not a key set');
    await issuer.rotateKeys();
    expect(await json(issuer.jwksUri)).toEqual(issuer.jwks());
  });

  test('are not shared between issuers', async () => {
    const [one, other] = await Promise.all([issuerWith(), issuerWith()]);
    expect(one.jwks().keys[0]?.x).not.toBe(other.jwks().keys[0]?.x);
  });

  test('are handed out as copies', async () => {
    const issuer = await issuerWith();
    const [key] = issuer.jwks().keys;
    if (key !== undefined) key.kid = 'changed';
    expect(issuer.jwks().keys[0]?.kid).not.toBe('changed');
  });
});

describe('the server', () => {
  test('listens on 127.0.0.1', async () => {
    const issuer = await issuerWith();
    expect(new URL(issuer.issuer).hostname).toBe('127.0.0.1');
  });

  test('records every request in order, without its query', async () => {
    const issuer = await issuerWith({ path: '/tenant' });
    const { origin } = new URL(issuer.issuer);
    await fetch(`${issuer.jwksUri}?secret=1`);
    await fetch(`${origin}/anything`, { method: 'POST' });
    issuer.fail('metadata', 'reset');
    await expect(fetch(issuer.metadataUri)).rejects.toThrow('fetch failed');
    expect(issuer.requests).toEqual([
      { method: 'GET', path: '/tenant/jwks' },
      { method: 'POST', path: '/anything' },
      { method: 'GET', path: pathOf(issuer.metadataUri) },
    ]);
  });

  test('refuses connections while stopped, and comes back on the same port', async () => {
    const issuer = await issuerWith();
    await issuer.stop();
    await issuer.stop();
    await expect(fetch(issuer.jwksUri)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
    expect(decodeJwt(await issuer.token()).iss).toBe(issuer.issuer);
    await issuer.start();
    await issuer.start();
    expect(await json(issuer.jwksUri)).toEqual(issuer.jwks());
  });

  test('is gone at the end of an `await using` block', async () => {
    let jwksUri: string;
    {
      await using issuer = await createTestIssuer();
      jwksUri = issuer.jwksUri;
      expect((await fetch(jwksUri)).status).toBe(200);
    }
    await expect(fetch(jwksUri)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
  });
});
