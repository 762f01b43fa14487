import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestCertificate } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Pair, startPair } from './pair.ts';

const claims = { sub: 'alice', scope: 'read:data' };
const certificate = createTestCertificate({ name: 'client' });
const cnf = { 'x5t#S256': certificate.thumbprint };
const bound = { ...claims, cnf };
const field = `:${Buffer.from(certificate.der).toString('base64')}:`;
const accepted = { status: 200, json: { ok: true, sub: 'alice' }, challenges: [] };
const refused = { status: 401, challenges: [{ scheme: 'Bearer', error: 'invalid_token' }] };

const isSupported = async ({ send }: Pair) => {
  const { json } = await send('/.well-known/oauth-protected-resource');
  return (json as Record<string, unknown>)['tls_client_certificate_bound_access_tokens'];
};

describe('TLS_CERT and TLS_KEY', () => {
  let directory: string;
  let environment: Readonly<Record<string, string>>;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'gatehouse-server-'));
    const authority = createTestCertificate({ name: 'authority' });
    const server = createTestCertificate({ authority });
    const write = async (name: string, pem: string) => {
      await writeFile(join(directory, name), pem);
      return join(directory, name);
    };
    environment = {
      TLS_CERT: await write('server.pem', server.cert),
      TLS_KEY: await write('server-key.pem', server.key),
      TLS_CA: await write('authority.pem', authority.cert),
    };
  });
  afterAll(() => rm(directory, { recursive: true }));

  test('serve HTTPS, under which the server knows itself [PRM-01]', async () => {
    await using pair = await startPair(environment);
    expect(pair.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    expect(await pair.send('/read', claims)).toMatchObject(accepted);
    const resource_metadata = `${pair.url}/.well-known/oauth-protected-resource`;
    expect((await pair.send('/read')).challenges).toMatchObject([{ resource_metadata }, { resource_metadata }]);
  });

  test('ask no client for a certificate [MTL-02]', async () => {
    await using pair = await startPair(environment);
    expect(await pair.send('/read', bound, { certificate })).toMatchObject({ status: 401 });
    expect(await isSupported(pair)).toBeUndefined();
  });

  describe('with MTLS=1', () => {
    let pair: Pair;

    beforeAll(async () => {
      pair = await startPair({ ...environment, MTLS: '1' });
    });
    afterAll(() => pair[Symbol.asyncDispose]());

    test('take a bound token with its certificate, which signs itself [MTL-01 MTL-06]', async () => {
      for (const path of ['/read', '/mtls-only', '/v1/read']) {
        expect(await pair.send(path, bound, { certificate })).toMatchObject(accepted);
      }
    });

    test('refuse it with another certificate, and without one [MTL-01 MTL-02]', async () => {
      for (const path of ['/read', '/mtls-only']) {
        const other = await pair.send(path, bound, { certificate: createTestCertificate() });
        for (const answer of [other, await pair.send(path, bound)]) {
          expect(answer).toMatchObject({ status: 401, json: { error: 'invalid_token' } });
        }
      }
    });

    test('believe no field, which anybody can write [MTL-07]', async () => {
      const lines = ['client-cert', field];
      expect((await pair.send('/read', bound, { lines })).status).toBe(401);
    });

    test('take bearer tokens, but not where certificates are asked for', async () => {
      expect(await pair.send('/read', claims)).toMatchObject(accepted);
      expect(await pair.send('/read', claims, { certificate })).toMatchObject(accepted);
      expect(await pair.send('/mtls-only', claims, { certificate })).toMatchObject(refused);
    });

    test('say so in the metadata [MTL-12]', async () => {
      expect(await isSupported(pair)).toBe(true);
    });
  });
});

describe('MTLS=header', () => {
  let pair: Pair;

  beforeAll(async () => {
    pair = await startPair({ MTLS: 'header' });
  });
  afterAll(() => pair[Symbol.asyncDispose]());

  const forward = (path: string, ...lines: string[]) =>
    pair.send(path, bound, { lines: lines.flatMap((line) => ['client-cert', line]) });

  test('takes the certificate from Client-Cert of a peer on loopback, for this answer alone [MTL-11]', async () => {
    for (const path of ['/read', '/mtls-only']) {
      const answer = await forward(path, field);
      expect(answer).toMatchObject(accepted);
      expect(answer.headers['cache-control']).toEqual(['no-store']);
    }
  });

  test('refuses another certificate, none, and a chain alone [MTL-01 MTL-02 MTL-10]', async () => {
    const other = `:${Buffer.from(createTestCertificate().der).toString('base64')}:`;
    expect(await forward('/mtls-only', other)).toMatchObject(refused);
    expect(await forward('/mtls-only')).toMatchObject(refused);
    const chain = { lines: ['client-cert-chain', field] };
    expect(await pair.send('/mtls-only', bound, chain)).toMatchObject(refused);
  });

  test.each([
    ['two', [field, field]],
    ['a list', [`${field}, ${field}`]],
    ['a parameter', [`${field};a=1`]],
    ['bare base64', [field.slice(1, -1)]],
    ['nothing', ['']],
  ])('refuses %s in Client-Cert [MTL-08 MTL-09]', async (_what, lines) => {
    const answer = await forward('/read', ...lines);
    expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_request' } });
  });

  test('says so in the metadata [MTL-12]', async () => {
    expect(await isSupported(pair)).toBe(true);
  });
});

describe('/mtls-only', () => {
  test('offers the scheme under which certificate-bound tokens are sent, and no other', async () => {
    await using pair = await startPair();
    const resource_metadata = `${pair.url}/.well-known/oauth-protected-resource`;
    expect(await pair.send('/mtls-only')).toMatchObject({ status: 401, challenges: [{ scheme: 'Bearer' }] });
    expect((await pair.send('/mtls-only')).challenges).toEqual([{ scheme: 'Bearer', resource_metadata }]);
    expect(await pair.send('/mtls-only', claims)).toMatchObject(refused);
    expect(await pair.send('/mtls-only', bound)).toMatchObject(refused);
    expect(await pair.send('/mtls-only', bound, { lines: ['client-cert', field] })).toMatchObject(refused);
    expect(await isSupported(pair)).toBeUndefined();
  });
});
