import { generateKeyPairSync, type JsonWebKey, webcrypto } from 'node:crypto';
import { createServer as createHttpsServer, Agent as HttpsAgent, type ServerOptions } from 'node:https';
import type { TLSSocket } from 'node:tls';
import type { IssuerOptions } from '@gatehouse/core';
import { createTestIssuer } from '@gatehouse/testing';
import { createLocalJWKSet, type JWK, jwtVerify } from 'jose';
import * as oauth from 'oauth4webapi';
import { describe, expect, it } from 'vitest';
import { readText } from '../repository.ts';
import {
  answering,
  answerWith,
  atEnd,
  clientAuthentication,
  describeToken,
  guardAt,
  issuer,
  listen,
  type Received,
  refusalOf,
  serve,
} from './endpoint.ts';
import { startGuard } from './guard.ts';

type ClientAuthentication = NonNullable<IssuerOptions['introspection']>['clientAuthentication'];

const good = answerWith(describeToken());
const secret = '50% of = + & / ~ : "secret"';

/** What an endpoint is sent to show who asks. */
async function sendWith(authentication: ClientAuthentication): Promise<Received> {
  const { url, received } = await serve(good);
  expect(await guardAt(url, { clientAuthentication: authentication })()).toMatchObject({ outcome: 'accepted' });
  return received[0] ?? expect.fail();
}

const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`;

describe('client_secret_basic', () => {
  it('encodes id and secret as in a form, so that a colon is part of either [INT-02]', async () => {
    const { request, form } = await sendWith({
      method: 'client_secret_basic',
      clientId: 'api:1',
      clientSecret: secret,
    });
    const encoded = '50%25+of+%3D+%2B+%26+%2F+%7E+%3A+%22secret%22';
    expect(request.headers.authorization).toBe(basic(`api%3A1:${encoded}`));
    expect([...form.keys()]).toEqual(['token', 'token_type_hint']);
  });

  it('sends both as they are where the issuer does not decode', async () => {
    const raw = { method: 'client_secret_basic', clientId: 'api 1', clientSecret: secret, encoding: 'raw' } as const;
    expect((await sendWith(raw)).request.headers.authorization).toBe(basic(`api 1:${secret}`));
  });

  it.each(['api-1', 'api:1 & co', '100%'])('writes what oauth4webapi writes for the client %s', async (clientId) => {
    const { request } = await sendWith({ method: 'client_secret_basic', clientId, clientSecret: secret });
    const headers = new Headers();
    await oauth.ClientSecretBasic(secret)({ issuer }, { client_id: clientId }, new URLSearchParams(), headers);
    const decode = (field: string | null = '') =>
      Buffer.from(String(field).replace('Basic ', ''), 'base64')
        .toString()
        .split(':')
        // A space is a plus or %20 there: both decode to it (RFC 6749 appendix B).
        .map((text) => new URLSearchParams(`value=${text}`).get('value'));
    expect(decode(request.headers.authorization)).toEqual(decode(headers.get('authorization')));
  });

  it('is understood by an issuer that decodes [INT-02]', async () => {
    const resourceServer = { clientId: 'api:1 & co', secrets: [secret] };
    await using guard = await startGuard({ issuer: { resourceServer } });
    expect(await guard.ask(guard.issuer.token())).toBe('accepted');
  });
});

describe('client_secret_post', () => {
  it('sends id and secret in the form [INT-02]', async () => {
    const { request, form } = await sendWith({ method: 'client_secret_post', clientId: 'api:1', clientSecret: secret });
    expect(request.headers.authorization).toBeUndefined();
    expect(Object.fromEntries(form)).toMatchObject({ client_id: 'api:1', client_secret: secret });
    expect(request.url).not.toContain('secret');
  });
});

describe('two secrets', () => {
  const [before, after] = ['secret-before', 'secret-after'];

  it.each([
    ['the first', [before, after]],
    ['the second', [after, before]],
  ] as const)('work while the issuer knows %s alone, which is found once', async (_which, clientSecret) => {
    await using guard = await startGuard({
      issuer: { resourceServer: { secrets: [before] } },
      introspection: { clientAuthentication: { ...clientAuthentication, clientSecret } },
    });
    expect(await guard.ask(guard.issuer.token())).toBe('accepted');
    const first = guard.questions;
    expect(await guard.ask(guard.issuer.token())).toBe('accepted');
    expect([first, guard.questions - first]).toEqual([clientSecret.indexOf(before) + 1, 1]);
  });

  it('are both tried after a 400 that says invalid_client, too', async () => {
    const { url, received } = await serve((response, { request }) => {
      const isKnown = request.headers.authorization === basic(`api-1:${after}`);
      const body = isKnown ? describeToken() : '{"error":"invalid_client"}';
      answerWith(body, isKnown ? 200 : 400)(response, received[0] ?? expect.fail());
    });
    const changes = { clientAuthentication: { ...clientAuthentication, clientSecret: [before, after] as const } };
    expect(await guardAt(url, changes)()).toMatchObject({ outcome: 'accepted' });
    expect(received).toHaveLength(2);
  });

  it('are not both tried where the issuer fails for another reason', async () => {
    const { url, received } = await serve(answerWith('{"error":"invalid_request"}', 400));
    const changes = { clientAuthentication: { ...clientAuthentication, clientSecret: [before, after] as const } };
    expect(await refusalOf(guardAt(url, changes)())).toMatchObject({ code: 'ERR_INTROSPECTION_STATUS' });
    expect(received).toHaveLength(1);
  });

  it('that are both refused are our trouble, and never that of the token [INT-08]', async () => {
    await using guard = await startGuard({
      issuer: { resourceServer: { secrets: ['another'] } },
      introspection: { clientAuthentication: { ...clientAuthentication, clientSecret: [before, after] } },
    });
    expect(await guard.check(await guard.issuer.token())).toMatchObject({
      outcome: 'refused',
      error: { code: 'ERR_INTROSPECTION_REFUSED', error: undefined },
      response: { status: 503, headers: { 'retry-after': [expect.any(String)] } },
    });
    expect(guard.questions).toBe(2);
  });
});

describe('an issuer that refuses us', () => {
  it.each([
    [401, '{"error":"invalid_client"}'],
    [401, ''],
    [401, '{"active":true}'],
    [403, '{"active":true}'],
    [400, '{"error":"invalid_client"}'],
  ])('with %i and %j says nothing about the token [INT-08]', async (status, body) => {
    const { url } = await serve(answerWith(body, status));
    expect(await guardAt(url)()).toMatchObject({
      error: { code: 'ERR_INTROSPECTION_REFUSED' },
      response: { status: 503 },
    });
  });
});

describe('private_key_jwt', () => {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const publicJwk = { ...pair.publicKey.export({ format: 'jwk' }), kid: 'api-key-1', alg: 'ES256' } as JWK;
  const privateJwk: JsonWebKey = { ...pair.privateKey.export({ format: 'jwk' }), kid: 'api-key-1', alg: 'ES256' };
  const authentication = { method: 'private_key_jwt', clientId: 'api-1', key: privateJwk } as const;

  it('signs who asks, for the issuer alone as one string, for a minute, with an id of its own [INT-02]', async () => {
    const { url, received } = await serve(good);
    const check = guardAt(url, { clientAuthentication: authentication });
    await check();
    await check();
    const keys = createLocalJWKSet({ keys: [publicJwk] });
    const assertions = await Promise.all(
      received.map(({ form }) => jwtVerify(form.get('client_assertion') ?? '', keys, { typ: 'JWT' })),
    );
    for (const { protectedHeader, payload } of assertions) {
      expect(protectedHeader).toEqual({ alg: 'ES256', typ: 'JWT', kid: 'api-key-1' });
      const { iat = 0, jti, ...others } = payload;
      expect(others).toEqual({ iss: 'api-1', sub: 'api-1', aud: issuer, exp: iat + 60 });
      expect(Math.abs(iat - Date.now() / 1000)).toBeLessThan(30);
      expect(jti).toHaveLength(36);
    }
    expect(assertions[0]?.payload.jti).not.toBe(assertions[1]?.payload.jti);
    expect(received[0]?.form.get('client_assertion_type')).toBe(
      'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    );
    expect(received[0]?.request.headers.authorization).toBeUndefined();
  });

  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  // RFC 8037 appendix A.1.
  const edwards = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };
  const edwardsSecret = { ...edwards, d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A' };
  const importKey = () =>
    webcrypto.subtle.importKey('jwk', privateJwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']);

  it.each([
    ['a JWK', () => privateJwk, undefined, publicJwk],
    ['a KeyObject', () => pair.privateKey, 'ES256', publicJwk],
    ['a CryptoKey that cannot be exported', importKey, 'ES256', publicJwk],
    ['an RSA key', () => rsa.privateKey, 'PS256', rsa.publicKey.export({ format: 'jwk' }) as JWK],
    ['an Ed25519 key', () => edwardsSecret, 'EdDSA', edwards],
  ] as const)(
    'is understood by an issuer that knows the key: %s [INT-02]',
    async (_what, makeKey, algorithm, known) => {
      const key = await makeKey();
      await using guard = await startGuard({
        issuer: { resourceServer: { secrets: [], jwks: { keys: [{ ...known, kid: 'api-key-1' }] } } },
        introspection: { clientAuthentication: { ...authentication, key, algorithm, keyId: 'api-key-1' } },
      });
      expect(await guard.ask(guard.issuer.token())).toBe('accepted');
      expect(await guard.ask(guard.issuer.token())).toBe('accepted');
    },
  );

  it('with another key is refused, which is our trouble [INT-08]', async () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    await using guard = await startGuard({
      issuer: { resourceServer: { secrets: [], jwks: { keys: [publicJwk] } } },
      introspection: {
        clientAuthentication: { ...authentication, key: other, algorithm: 'ES256', keyId: 'api-key-1' },
      },
    });
    expect(await guard.ask(guard.issuer.token())).toBe('ERR_INTROSPECTION_REFUSED');
  });
});

describe('TLS', () => {
  // Certificates of an authority that exists for these tests alone. They end in a hundred years.
  const read = (name: string) => readText(`test/introspection/certificates/${name}`);
  const ca = read('ca.pem');
  const identity = { cert: read('server.pem'), key: read('server.key') };
  const authentication = {
    method: 'tls_client_auth',
    clientId: 'api-1',
    certificate: read('client.pem'),
    key: read('client.key'),
  } as const;

  async function serveTls(
    options: ServerOptions = {},
  ): Promise<{ readonly url: string; readonly received: Received[] }> {
    const received: Received[] = [];
    const server = createHttpsServer({ ...identity, ...options }, answering(received, good));
    return { url: `https://127.0.0.1:${await listen(server)}/introspect`, received };
  }

  function trusting(): HttpsAgent {
    const agent = new HttpsAgent({ ca, keepAlive: true });
    atEnd(() => agent.destroy());
    return agent;
  }

  it('is verified: an endpoint with a certificate of nobody we know is not asked [INT-10]', async () => {
    const { url, received } = await serveTls();
    expect(await guardAt(url, { agent: trusting() })()).toMatchObject({ outcome: 'accepted' });
    const refusal = await refusalOf(guardAt(url)());
    expect(refusal).toMatchObject({ code: 'ERR_INTROSPECTION_UNREACHABLE', status: 503 });
    expect(refusal.cause).toMatchObject({ message: expect.stringMatching(/CERT|SIGNATURE|ISSUER/) });
    expect(received).toHaveLength(1);
  });

  it('is verified against the name of the endpoint [INT-10]', async () => {
    const { url } = await serveTls();
    const refusal = await refusalOf(guardAt(url.replace('127.0.0.1', '127.0.0.2'), { agent: trusting() })());
    expect(refusal).toMatchObject({ status: 503 });
  });

  it('is verified even where the environment says not to [INT-10]', async () => {
    const { url, received } = await serveTls();
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    atEnd(() => delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']);
    expect(await refusalOf(guardAt(url)())).toMatchObject({ code: 'ERR_INTROSPECTION_UNREACHABLE' });
    expect(received).toEqual([]);
  });

  it('shows a certificate, and the id of its client in the form [INT-02]', async () => {
    const { url, received } = await serveTls({ ca, requestCert: true, rejectUnauthorized: true });
    const changes = { clientAuthentication: authentication, agent: trusting() };
    expect(await guardAt(url, changes)()).toMatchObject({ outcome: 'accepted' });
    const [{ request, form } = expect.fail()] = received;
    expect((request.socket as TLSSocket).getPeerCertificate().subject.CN).toBe('api-1');
    expect(form.get('client_id')).toBe('api-1');
    expect(request.headers.authorization).toBeUndefined();
    expect(await refusalOf(guardAt(url, { agent: trusting() })())).toMatchObject({ status: 503 });
  });

  it('with a certificate goes where the metadata sends those who have one (RFC 8705 §5)', async () => {
    const { url, received } = await serveTls({ ca, requestCert: true, rejectUnauthorized: true });
    const plain = await createTestIssuer({ audience: 'https://api.example', tokenFormat: 'opaque' });
    atEnd(() => plain.close());
    plain.publishMetadata({ mtls_endpoint_aliases: { introspection_endpoint: url } });
    await using guard = await startGuard({
      issuerOptions: { issuer: plain.issuer },
      introspection: { clientAuthentication: authentication, agent: trusting() },
    });
    // That endpoint speaks of tokens of another issuer. It was asked.
    expect(await guard.ask(plain.token())).toBe('ERR_TOKEN_ISSUER');
    expect(received).toHaveLength(1);
  });

  it('is not done without: a certificate cannot be shown to an endpoint on http', async () => {
    await using guard = await startGuard({ introspection: { clientAuthentication: authentication } });
    expect(await guard.ask(guard.issuer.token())).toBe('ERR_METADATA_INVALID');
    expect(guard.questions).toBe(0);
  });
});
