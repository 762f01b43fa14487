import { createTestAgent, createTestIssuer, type ProofDefect, proofDefects, type TestIssuer } from '@gatehouse/testing';
import * as oauth from 'oauth4webapi';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const audience = 'https://api.example.com';
const request = { method: 'GET', url: `${audience}/v1/data?page=2` };

/**
 * What oauth4webapi says of each defect. One that it does not look at is accepted: so that was all that was wrong, and
 * a forgiving reader is really taken in.
 */
const answers: Readonly<Record<string, readonly ProofDefect[]>> = {
  accepted: [
    'padded-base64',
    'loose-base64',
    'duplicate-header',
    'duplicate-claim',
    'invalid-utf8',
    'oversized',
    'jwk-with-prime',
    'jwk-with-secret',
    'loose-coordinate',
    'padded-coordinate',
    'long-coordinate',
    'short-coordinate',
    'rsa-exponent-3',
    'empty-jti',
    'long-jti',
    'surrogate-jti',
    'foreign-nonce',
    'number-nonce',
  ],
  'Invalid JWT': ['empty', 'not-a-jws', 'two-segments', 'json-serialization'],
  'failed to parse JWT Header body as base64url encoded JSON': ['quoted'],
  'JWE decryption is not configured': ['two-proofs'],
  'JWT Payload must be a top level object': ['array-payload'],
  'unexpected JWT "typ" header parameter value': ['missing-typ', 'typ-jwt', 'typ-at-jwt'],
  'no JWT "crit" header parameter extensions are supported': ['critical-header', 'unencoded-payload'],
  'unexpected JWT "alg" header parameter': [
    'missing-alg',
    'lowercase-alg',
    'sha1-alg',
    'unsigned',
    'unsigned-mixed-case',
    'hmac-with-public-key',
    'symmetric-jwk',
  ],
  'Invalid JWK "kty" Parameter': ['foreign-alg'],
  'JWT signature verification failed': [
    'missing-signature',
    'zero-signature',
    'der-signature',
    'foreign-key',
    'tampered-header',
    'tampered-payload',
    'tampered-signature',
  ],
  'DPoP Proof jwk header parameter must be a JSON object': [
    'missing-jwk',
    'string-jwk',
    'array-jwk',
    'kid-for-jwk',
    'jku-for-jwk',
    'x5c-for-jwk',
  ],
  'JWT Access Token confirmation mismatch': ['incomplete-jwk', 'foreign-jwk'],
  'Unsupported key usage': ['private-jwk'],
  'Invalid keyData': ['point-off-curve'],
  'unsupported RSA-PSS modulusLength': ['rsa-2047'],
  'JWT "jti" (jwt id) claim missing': ['missing-jti'],
  'unexpected JWT "jti" (jwt id) claim type': ['number-jti'],
  'JWT "htm" (http method) claim missing': ['missing-htm'],
  'DPoP Proof htm mismatch': ['foreign-htm', 'lowercase-htm', 'number-htm'],
  'JWT "htu" (http uri) claim missing': ['missing-htu'],
  'DPoP Proof htu mismatch': [
    'foreign-scheme',
    'foreign-host',
    'foreign-port',
    'foreign-path',
    'trailing-slash',
    'encoded-slash',
    'user-info',
    'number-htu',
  ],
  'Invalid URL': ['relative-htu'],
  'JWT "iat" (issued at) claim missing': ['missing-iat'],
  'unexpected JWT "iat" (issued at) claim type': ['string-iat', 'null-iat'],
  'DPoP Proof iat is not recent enough': ['infinite-iat', 'negative-iat', 'too-old', 'issued-in-future'],
  'JWT "ath" (access token hash) claim missing': ['missing-ath'],
  'DPoP Proof ath mismatch': ['foreign-ath', 'hex-ath', 'padded-ath', 'half-ath', 'utf16-ath'],
};

describe('a proof of a test agent', () => {
  let issuer: TestIssuer;
  beforeAll(async () => {
    issuer = await createTestIssuer({ audience });
  });
  afterAll(() => issuer.close());

  function judge(headers: { readonly authorization: string; readonly dpop: string }) {
    return oauth.validateJwtAccessToken(
      { issuer: issuer.issuer, jwks_uri: issuer.jwksUri },
      new Request(request.url, { method: request.method, headers }),
      audience,
      { requireDPoP: true, [oauth.allowInsecureRequests]: true },
    );
  }

  it.each([
    'ES256',
    'ES384',
    'ES512',
    'EdDSA',
    'Ed25519',
    'PS256',
    'PS384',
    'PS512',
    'RS256',
    'RS384',
    'RS512',
  ] as const)('is accepted by oauth4webapi, made with %s', async (dpop) => {
    const agent = createTestAgent(issuer, { sub: 'alice' }, { dpop });
    const claims = await judge(await agent.headers(request));
    expect(claims).toMatchObject({ sub: 'alice', cnf: { jkt: await agent.thumbprint() } });
  });

  it.each(['ES256', 'PS256', 'Ed25519'] as const)(
    'is refused by oauth4webapi for the one thing that is wrong, made with %s',
    async (dpop) => {
      const agent = createTestAgent(issuer, {}, { dpop });
      const given: Record<string, ProofDefect[]> = {};
      for (const defect of proofDefects) {
        const answer = await judge(await agent.headers(request, { defect })).then(
          () => 'accepted',
          ({ message }: Error) => message.replace(/ for an? .*/, ''),
        );
        given[answer] = [...(given[answer] ?? []), defect];
      }
      expect(given).toEqual(answers);
    },
  );
});
