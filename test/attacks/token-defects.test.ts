import { inspect } from 'node:util';
import { createVerifier, type Decision, type HttpRequest, type Outcome, type Verifier } from '@gatehouse/core';
import { createTestIssuer, type TestIssuer, type TokenDefect, tokenDefects } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const resource = 'https://api.example';
/** Stands in every token: wherever it turns up, the claims or the token itself leaked. */
const canary = 'canary-5a1f';

/** The cause that an operator reads. What callers see is the same for all that are 401. */
const causes: Readonly<Record<TokenDefect, string>> = {
  expired: 'ERR_TOKEN_EXPIRED',
  'not-yet-valid': 'ERR_TOKEN_NOT_YET_VALID',
  'issued-in-future': 'ERR_TOKEN_ISSUED_IN_FUTURE',
  'foreign-issuer': 'ERR_TOKEN_ISSUER',
  'foreign-audience': 'ERR_TOKEN_AUDIENCE',
  'missing-audience': 'ERR_TOKEN_CLAIM_MISSING',
  'missing-expiry': 'ERR_TOKEN_CLAIM_MISSING',
  'missing-subject': 'ERR_TOKEN_CLAIM_MISSING',
  'missing-client-id': 'ERR_TOKEN_CLAIM_MISSING',
  'missing-issued-at': 'ERR_TOKEN_CLAIM_MISSING',
  'missing-token-id': 'ERR_TOKEN_CLAIM_MISSING',
  'string-expiry': 'ERR_TOKEN_CLAIM_MALFORMED',
  'array-scope': 'ERR_TOKEN_CLAIM_MALFORMED',
  'act-string': 'ERR_TOKEN_ACTOR',
  'act-without-subject': 'ERR_TOKEN_ACTOR',
  'act-too-deep': 'ERR_TOKEN_ACTOR_DEPTH',
  'cnf-string': 'ERR_TOKEN_CLAIM_MALFORMED',
  'confirmation-unknown': 'ERR_TOKEN_CONFIRMATION',
  'jkt-number': 'ERR_TOKEN_CLAIM_MALFORMED',
  'jkt-short': 'ERR_TOKEN_CLAIM_MALFORMED',
  'jkt-padded': 'ERR_TOKEN_CLAIM_MALFORMED',
  'jkt-loose': 'ERR_TOKEN_CLAIM_MALFORMED',
  'jkt-hex': 'ERR_TOKEN_CLAIM_MALFORMED',
  'dpop-bound': 'ERR_TOKEN_BOUND',
  'x5t-sha1': 'ERR_TOKEN_CONFIRMATION',
  'x5t-padded': 'ERR_TOKEN_CLAIM_MALFORMED',
  'x5t-hex': 'ERR_TOKEN_CLAIM_MALFORMED',
  'mtls-bound': 'ERR_TOKEN_CERTIFICATE_ABSENT',
  'id-token': 'ERR_TOKEN_TYPE',
  'typ-jwt': 'ERR_TOKEN_TYPE',
  'missing-typ': 'ERR_TOKEN_TYPE',
  'critical-header': 'ERR_TOKEN_CRITICAL',
  'unencoded-payload': 'ERR_TOKEN_CRITICAL',
  'foreign-key': 'ERR_TOKEN_SIGNATURE',
  'unknown-key': 'ERR_TOKEN_KEY',
  'embedded-jwk': 'ERR_TOKEN_SIGNATURE',
  unsigned: 'ERR_TOKEN_ALGORITHM',
  'hmac-with-public-key': 'ERR_TOKEN_ALGORITHM',
  'tampered-payload': 'ERR_TOKEN_SIGNATURE',
  'tampered-signature': 'ERR_TOKEN_SIGNATURE',
  'padded-base64': 'ERR_TOKEN_MALFORMED',
  'loose-base64': 'ERR_TOKEN_MALFORMED',
  'duplicate-claim': 'ERR_TOKEN_MALFORMED',
  'duplicate-header': 'ERR_TOKEN_MALFORMED',
  'invalid-utf8': 'ERR_TOKEN_MALFORMED',
  'array-payload': 'ERR_TOKEN_MALFORMED',
  'two-segments': 'ERR_TOKEN_MALFORMED',
  'json-serialization': 'ERR_AUTHORIZATION_MALFORMED',
};

/** No fault of a token where the issuer has the legacy profile. */
const legacyForms: readonly TokenDefect[] = ['typ-jwt', 'missing-typ', 'array-scope'];

describe.each([
  ['ES256', 'rfc9068'],
  ['RS256', 'rfc9068'],
  ['Ed25519', 'rfc9068'],
  ['ES256', 'legacy'],
] as const)('tokens signed with %s under the profile %s', (algorithm, tokenProfile) => {
  const decisions: Decision[] = [];
  let issuer: TestIssuer;
  let verifier: Verifier;

  beforeAll(async () => {
    issuer = await createTestIssuer({ audience: resource, algorithm });
    verifier = createVerifier({
      resource,
      issuers: [{ issuer: issuer.issuer, tokenProfile }],
      onDecision: (decision) => void decisions.push(decision),
    });
  });
  afterAll(async () => {
    await verifier.close();
    await issuer.close();
  });

  const present = (token: string): Promise<Outcome> => {
    const request: HttpRequest = { method: 'GET', target: '/', headers: { authorization: [`Bearer ${token}`] } };
    return verifier.check(request, { requirement: 'read:data' });
  };
  const claims = { scope: 'read:data', email: canary };

  it('are accepted where nothing is wrong with them: the control of this list', async () => {
    expect(await present(await issuer.token(claims))).toMatchObject({ outcome: 'accepted' });
  });

  const defects = tokenDefects.filter((defect) => tokenProfile === 'rfc9068' || !legacyForms.includes(defect));

  it.each(defects)('are refused when wrong by %s [JWT-17 JWT-28 AT-09 LOG-01]', async (defect) => {
    const token = await issuer.token(claims, { defect });
    const outcome = await present(token);
    expect(outcome).toMatchObject({ outcome: 'refused', error: { code: causes[defect] } });
    if (outcome.outcome !== 'refused') return;
    expect(outcome.response.status).toBe(defect === 'json-serialization' ? 400 : 401);
    const error = defect === 'json-serialization' ? 'error="invalid_request", ' : 'error="invalid_token", ';
    // Where no token could be read, nobody knows which scheme it was meant for.
    const errorOfDpop = defect === 'json-serialization' ? error : '';
    expect(outcome.response.headers['www-authenticate']).toEqual([
      expect.stringMatching(`^Bearer ${error}`),
      expect.stringMatching(`^DPoP ${errorOfDpop}(?:error_description="[^"]*", )?scope="read:data", `),
    ]);

    const left = inspect([outcome, decisions.at(-1)], { depth: null, showHidden: true });
    expect(left).not.toContain(canary);
    for (const segment of token.split('.').filter(({ length }) => length > 40)) expect(left).not.toContain(segment);
  });
});
