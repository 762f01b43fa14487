import { hash } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import type { Decision } from './decision.ts';
import type { HttpRequest } from './http/request.ts';
import type { VerifierOptions } from './options.ts';
import type { RequirementInput } from './requirement/requirement.ts';
import type { SenderConstraint } from './requirement/sender-constraint.ts';
import { createVerifier } from './verifier.ts';

const resource = 'https://api.example';
const issuer = 'https://as.example';
const now = 1_800_000_000;
const { publicKey, privateKey } = await generateKeyPair('ES256');
const { kty = '', ...members } = await exportJWK(publicKey);

// RFC 8705 Appendix A, expired since 2022; and RFC 9440 Appendix A.
const own = Buffer.from(
  'MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARtdGxzMB4XDTE4MTAxODEyMzcwOVoXDTIyMDUwMjEyMzcwOVowDzENMAsGA1UEAwwEbXRsczBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNcnyxwqV6hY8QnhxxzFQ03C7HKW9OylMbnQZjjJ/Au08/coZwxS7LfA4vOLS9WuneIXhbGGWvsDSb0tH6IxLm8wCgYIKoZIzj0EAwIDSQAwRgIhAP0RC1E+vwJD/D1AGHGzuri+hlV/PpQEKTWUVeORWz83AiEA5x2eXZOVbUlJSGQgjwD5vaUaKlLR50Q2DmFfQj1L+SY=',
  'base64',
);
const thumbprint = 'A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0';
const other = Buffer.from(
  'MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6MRswGQYDVQQKDBJMZXQncyBBdXRoZW50aWNhdGUxGzAZBgNVBAMMEkxBIEludGVybWVkaWF0ZSBDQTAeFw0yMDAxMTQyMjU1MzNaFw0yMTAxMjMyMjU1MzNaMA0xCzAJBgNVBAMMAkJDMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8YnXXfaUgmnMtOXU/IncWalRhebrXmckC8vdgJ1p5Be5F/3YC8OthxM4+k1M6aEAEFcGzkJiNy6J84y7uzo9M6NyMHAwCQYDVR0TBAIwADAfBgNVHSMEGDAWgBRm3WjLa38lbEYCuiCPct0ZaSED2DAOBgNVHQ8BAf8EBAMCBsAwEwYDVR0lBAwwCgYIKwYBBQUHAwIwHQYDVR0RAQH/BBMwEYEPYmRjQGV4YW1wbGUuY29tMAoGCCqGSM49BAMCA0gAMEUCIBHda/r1vaL6G3VliL4/Di6YK0Q6bMjeSkC3dFCOOB8TAiEAx/kHSB4urmiZ0NX5r5XarmPk0wmuydBVoU4hBVZ1yhk=',
  'base64',
);
const otherThumbprint = 'v68ffgcPn6jdYpBfFY2nP4ShE2Yk-6_Mk5PI9yh6aes';

const jkt = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs';
const field = (certificate: Buffer) => [`:${certificate.toString('base64')}:`];

async function tokenWith(cnf: object | undefined): Promise<string> {
  const claims = {
    iss: issuer,
    aud: resource,
    sub: 'alice',
    client_id: 'assistant',
    jti: '1',
    iat: now,
    exp: now + 60,
  };
  return new SignJWT({ ...claims, ...(cnf && { cnf }) })
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt' })
    .sign(privateKey);
}

const bound = await tokenWith({ 'x5t#S256': thumbprint });

function createRecordingVerifier(options: Partial<VerifierOptions> = {}) {
  const decisions: Decision[] = [];
  const verifier = createVerifier({
    resource,
    issuers: [{ issuer, jwks: { keys: [{ kty, ...members }] } }],
    now: () => now * 1000,
    onDecision: (decision) => decisions.push(decision),
    ...options,
  });
  return { verifier, decisions };
}

type Peer = Pick<HttpRequest, 'clientCertificate' | 'remoteAddress'>;

/** What becomes of a request with this token from this peer, with these fields. */
async function send(
  { verifier, decisions }: ReturnType<typeof createRecordingVerifier>,
  peer: Peer,
  { headers = {}, token = bound, scheme = 'Bearer', requirement = {} as RequirementInput } = {},
) {
  const request = { method: 'GET', target: '/', ...peer };
  const authorization = [`${scheme} ${token}`];
  const outcome = await verifier.check({ ...request, headers: { authorization, ...headers } }, { requirement });
  const sources = decisions.at(-1)?.checks.map(({ source }) => source);
  if (outcome.outcome === 'refused') {
    const { error, response } = outcome;
    return {
      code: error.code,
      status: error.status,
      error: error.error,
      challenges: response.headers['www-authenticate'],
    };
  }
  return { agent: outcome.outcome === 'accepted' && outcome.agent.confirmation, headers: outcome.headers, sources };
}

describe('a token that is bound to a certificate', () => {
  const direct = createRecordingVerifier();

  it('is accepted on a connection with that certificate, expired or not, whoever issued it [MTL-01 MTL-03 MTL-06]', async () => {
    expect(await send(direct, { clientCertificate: own })).toEqual({
      agent: { method: 'mtls', thumbprint },
      headers: {},
      sources: ['issuer-keys', 'tls-connection'],
    });
    const token = await tokenWith({ 'x5t#S256': otherThumbprint });
    expect(await send(direct, { clientCertificate: other }, { token })).toMatchObject({ agent: { method: 'mtls' } });
  });

  it('is refused on a connection with another certificate [MTL-01]', async () => {
    const refusal = { status: 401, error: 'invalid_token', code: 'ERR_TOKEN_CERTIFICATE_MISMATCH' };
    expect(await send(direct, { clientCertificate: other })).toMatchObject(refusal);
  });

  it('is refused on a connection without one [MTL-02]', async () => {
    const refusal = { status: 401, error: 'invalid_token', code: 'ERR_TOKEN_CERTIFICATE_ABSENT' };
    for (const peer of [{}, { clientCertificate: undefined, remoteAddress: '127.0.0.1' }]) {
      expect(await send(direct, peer)).toMatchObject(refusal);
    }
  });

  it('is compared each time, with a token that is remembered and on every connection [MTL-01]', async () => {
    const codes = [];
    for (const clientCertificate of [own, other, own, Buffer.from(own)]) {
      codes.push((await send(direct, { clientCertificate })).code);
    }
    expect(codes).toEqual([undefined, 'ERR_TOKEN_CERTIFICATE_MISMATCH', undefined, undefined]);
  });

  it('is not compared with anything but the SHA-256 of the whole certificate [MTL-03]', async () => {
    for (const wrong of [hash('sha1', own, 'base64url'), hash('sha256', own, 'hex'), `${thumbprint}=`]) {
      const token = await tokenWith({ 'x5t#S256': wrong });
      expect(await send(direct, { clientCertificate: own }, { token })).toMatchObject({
        code: 'ERR_TOKEN_CLAIM_MALFORMED',
      });
    }
  });

  it('is no token of DPoP: no proof can be its own [DPOP-28]', async () => {
    const options = { scheme: 'DPoP', headers: { dpop: ['a.b.c'] } };
    expect(await send(direct, { clientCertificate: own }, options)).toMatchObject({ code: 'ERR_TOKEN_UNBOUND' });
  });

  it("is accepted with dpop: 'off' too", async () => {
    const off = createRecordingVerifier({ dpop: 'off', requirement: { senderConstraint: 'required' } });
    expect(await send(off, { clientCertificate: own })).toMatchObject({ agent: { method: 'mtls' } });
    const token = await tokenWith(undefined);
    expect(await send(off, { clientCertificate: own }, { token })).toMatchObject({
      code: 'ERR_TOKEN_SENDER_CONSTRAINT',
    });
  });
});

describe('a token without a binding', () => {
  it('never has the certificate read', async () => {
    const { verifier } = createRecordingVerifier({ trustedProxies: ['127.0.0.1'] });
    const request = {
      method: 'GET',
      target: '/',
      headers: { authorization: [`Bearer ${await tokenWith(undefined)}`], 'client-cert': ['malformed'] },
      get clientCertificate(): never {
        throw new Error('read');
      },
      get remoteAddress(): never {
        throw new Error('read');
      },
    };
    expect(await verifier.check(request)).toMatchObject({ outcome: 'accepted' });
  });
});

describe('a token that is bound to a key and to a certificate', () => {
  it('needs both, and is never taken for one that is bound to less [MTL-05]', async () => {
    const direct = createRecordingVerifier();
    const token = await tokenWith({ jkt, 'x5t#S256': thumbprint });
    const certified = { clientCertificate: own };
    expect(await send(direct, certified, { token })).toMatchObject({ code: 'ERR_TOKEN_BOUND' });
    expect(await send(direct, certified, { token, scheme: 'DPoP' })).toMatchObject({ code: 'ERR_DPOP_ABSENT' });
    expect(await send(direct, {}, { token, scheme: 'DPoP' })).toMatchObject({ code: 'ERR_TOKEN_CERTIFICATE_ABSENT' });
    const off = createRecordingVerifier({ dpop: 'off' });
    expect(await send(off, certified, { token })).toMatchObject({ code: 'ERR_TOKEN_BOUND' });
  });
});

describe('Client-Cert', () => {
  const proxied = createRecordingVerifier({ trustedProxies: ['10.0.0.0/8', 'unix'] });

  it.each(['10.0.0.1', '::ffff:10.0.0.1', 'unix'])(
    'of a trusted proxy (%s) says which certificate the client has, and the answer is for nobody else [MTL-01 MTL-11]',
    async (remoteAddress) => {
      expect(await send(proxied, { remoteAddress }, { headers: { 'client-cert': field(own) } })).toMatchObject({
        agent: { method: 'mtls', thumbprint },
        headers: { 'cache-control': ['no-store'] },
        sources: [expect.any(String), 'client-cert-field'],
      });
      const headers = { 'client-cert': field(other) };
      expect(await send(proxied, { remoteAddress }, { headers })).toMatchObject({
        code: 'ERR_TOKEN_CERTIFICATE_MISMATCH',
      });
    },
  );

  it.each([undefined, '11.0.0.1', '::1', ''])(
    'of anyone else (%j) is as if it were not there [MTL-07]',
    async (remoteAddress) => {
      const headers = { 'client-cert': field(own), 'x-forwarded-for': ['10.0.0.1'], forwarded: ['for=10.0.0.1'] };
      expect(await send(proxied, { remoteAddress }, { headers })).toMatchObject({
        code: 'ERR_TOKEN_CERTIFICATE_ABSENT',
      });
      const peer = { remoteAddress, clientCertificate: own };
      for (const lines of [field(own), field(other), [...field(own), ...field(own)], ['malformed'], ['']]) {
        const answer = await send(proxied, peer, { headers: { 'client-cert': lines } });
        expect(answer).toMatchObject({ agent: { method: 'mtls' }, headers: {} });
      }
    },
  );

  it('is believed of nobody by default [MTL-07]', async () => {
    const byDefault = createRecordingVerifier();
    for (const remoteAddress of ['127.0.0.1', '::1', '10.0.0.1', 'unix', undefined]) {
      const answer = await send(byDefault, { remoteAddress }, { headers: { 'client-cert': field(own) } });
      expect(answer).toMatchObject({ code: 'ERR_TOKEN_CERTIFICATE_ABSENT' });
    }
  });

  it('is all that counts of a trusted proxy: its own certificate is not that of the client [MTL-02]', async () => {
    const peer = { remoteAddress: '10.0.0.1', clientCertificate: own };
    expect(await send(proxied, peer)).toMatchObject({ code: 'ERR_TOKEN_CERTIFICATE_ABSENT' });
    const answer = await send(proxied, peer, { headers: { 'client-cert': field(other) } });
    expect(answer).toMatchObject({ code: 'ERR_TOKEN_CERTIFICATE_MISMATCH' });
  });

  it('in two lines is refused, the same ones too [MTL-08]', async () => {
    for (const lines of [
      [...field(own), ...field(other)],
      [...field(own), ...field(own)],
      [...field(own), ''],
    ]) {
      const answer = await send(proxied, { remoteAddress: '10.0.0.1' }, { headers: { 'client-cert': lines } });
      expect(answer).toMatchObject({ status: 400, error: 'invalid_request', code: 'ERR_CLIENT_CERT_REPEATED' });
    }
  });

  it('that is malformed is refused as such, and costs the caller no token [MTL-09]', async () => {
    for (const line of ['', own.toString('base64'), `${field(own)[0]};a=1`]) {
      const answer = await send(proxied, { remoteAddress: '10.0.0.1' }, { headers: { 'client-cert': [line] } });
      expect(answer).toMatchObject({ status: 400, error: 'invalid_request', code: 'ERR_CLIENT_CERT_MALFORMED' });
    }
  });

  it('is not made up by a chain, whose first certificate is not the one of the client [MTL-10]', async () => {
    const headers = { 'client-cert-chain': field(own) };
    const answer = await send(proxied, { remoteAddress: '10.0.0.1' }, { headers });
    expect(answer).toMatchObject({ code: 'ERR_TOKEN_CERTIFICATE_ABSENT' });
    const besides = { 'client-cert': field(own), 'client-cert-chain': ['(', '::'] };
    expect(await send(proxied, { remoteAddress: '10.0.0.1' }, { headers: besides })).toMatchObject({
      agent: { method: 'mtls' },
    });
  });

  it.each(['x-client-cert', 'x-forwarded-client-cert', 'x-ssl-cert', 'ssl-client-cert', 'client_cert'])(
    'goes by no other name, of a trusted proxy either: %s [MTL-07]',
    async (name) => {
      const answer = await send(proxied, { remoteAddress: '10.0.0.1' }, { headers: { [name]: field(own) } });
      expect(answer).toMatchObject({ code: 'ERR_TOKEN_CERTIFICATE_ABSENT' });
    },
  );

  it('makes every answer of stacked guards uncacheable, and none of another request [MTL-11]', async () => {
    const { verifier } = proxied;
    const authorization = [`Bearer ${bound}`];
    const request = {
      method: 'GET',
      target: '/',
      remoteAddress: 'unix',
      headers: { authorization, 'client-cert': field(own) },
    };
    for (const requirement of [{}, { action: 'read' }]) {
      expect(await verifier.check(request, { requirement })).toMatchObject({
        outcome: 'accepted',
        headers: { 'cache-control': ['no-store'] },
      });
    }
    const bearer = {
      ...request,
      headers: { ...request.headers, authorization: [`Bearer ${await tokenWith(undefined)}`] },
    };
    expect(await verifier.check(bearer)).toMatchObject({ outcome: 'accepted', headers: {} });
  });
});

describe('a guard that demands', () => {
  const { verifier } = createRecordingVerifier();
  const certified = { method: 'GET', target: '/', clientCertificate: own };

  async function codeOf(senderConstraint: SenderConstraint, cnf: object | undefined, scheme = 'Bearer') {
    const authorization = [`${scheme} ${await tokenWith(cnf)}`];
    const outcome = await verifier.check(
      { ...certified, headers: { authorization } },
      { requirement: { senderConstraint } },
    );
    return outcome.outcome === 'refused' ? outcome.error.code : outcome.outcome;
  }

  it.each<[SenderConstraint, readonly string[]]>([
    ['required', ['ERR_TOKEN_SENDER_CONSTRAINT', 'ERR_DPOP_ABSENT', 'accepted', 'ERR_DPOP_ABSENT']],
    ['mtls', ['ERR_TOKEN_SENDER_CONSTRAINT', 'ERR_TOKEN_SENDER_CONSTRAINT', 'accepted', 'ERR_DPOP_ABSENT']],
    ['dpop', ['ERR_TOKEN_SENDER_CONSTRAINT', 'ERR_DPOP_ABSENT', 'ERR_TOKEN_SENDER_CONSTRAINT', 'ERR_DPOP_ABSENT']],
    [
      'dpop+mtls',
      ['ERR_TOKEN_SENDER_CONSTRAINT', 'ERR_TOKEN_SENDER_CONSTRAINT', 'ERR_TOKEN_SENDER_CONSTRAINT', 'ERR_DPOP_ABSENT'],
    ],
  ])('%s takes tokens that are bound so, and goes on to their proof', async (constraint, codes) => {
    expect([
      await codeOf(constraint, undefined),
      await codeOf(constraint, { jkt }, 'DPoP'),
      await codeOf(constraint, { 'x5t#S256': thumbprint }),
      await codeOf(constraint, { jkt, 'x5t#S256': thumbprint }, 'DPoP'),
    ]).toEqual(codes);
  });

  it.each<[SenderConstraint, readonly string[], readonly string[]]>([
    ['when-bound', ['Bearer', 'DPoP'], ['DPoP', 'Bearer']],
    ['required', ['Bearer', 'DPoP'], ['DPoP', 'Bearer']],
    ['dpop', ['DPoP'], ['DPoP']],
    ['mtls', ['Bearer'], ['DPoP', 'Bearer']],
    ['dpop+mtls', ['DPoP'], ['DPoP']],
  ])(
    '%s offers what can succeed, and goes on with the proofs of who came with one [CHL-05]',
    async (constraint, asked, tried) => {
      const offers = async (headers: HttpRequest['headers']) => {
        const requirement = { senderConstraint: constraint };
        const outcome = await verifier.check({ method: 'GET', target: '/', headers }, { requirement });
        if (outcome.outcome !== 'refused') throw new Error('accepted');
        return outcome.response.headers['www-authenticate']?.map((challenge) => challenge.split(' ', 1)[0]);
      };
      expect(await offers({})).toEqual(asked);
      expect(await offers({ authorization: ['DPoP x'] })).toEqual(tried);
    },
  );

  it('certificates beside a baseline that demands proofs asks for both', () => {
    const baseline = createRecordingVerifier({ requirement: { senderConstraint: 'dpop' } }).verifier;
    expect(baseline.prepare({ senderConstraint: 'mtls' })).toEqual({ senderConstraint: 'dpop+mtls' });
  });
});

describe('the metadata', () => {
  it.each<[Partial<VerifierOptions>, object]>([
    [{}, {}],
    [{ requirement: { senderConstraint: 'required' } }, {}],
    [{ requirement: { senderConstraint: 'mtls' } }, { tls_client_certificate_bound_access_tokens: true }],
    [
      { requirement: { senderConstraint: 'dpop+mtls' } },
      { tls_client_certificate_bound_access_tokens: true, dpop_bound_access_tokens_required: true },
    ],
    [{ trustedProxies: [] }, {}],
    [{ trustedProxies: ['unix'] }, { tls_client_certificate_bound_access_tokens: true }],
    [{ metadata: { certificateBoundTokens: true } }, { tls_client_certificate_bound_access_tokens: true }],
  ])('of a verifier with %j says of certificates and proofs %j [MTL-12 PRM-13]', async (options, expected) => {
    const { metadata } = createRecordingVerifier(options).verifier;
    const { body } = await metadata.handle({ method: 'GET', target: metadata.path, headers: {} });
    const members = Object.entries(JSON.parse(body ?? '')).filter(([name]) => /^(?:tls|dpop_bound)_/.test(name));
    expect(Object.fromEntries(members)).toEqual(expected);
  });
});
