import { inspect } from 'node:util';
import { type TokenDefect, tokenDefects } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Guard, requestWith, startGuard } from './guard.ts';

/** Stands in every answer: wherever it turns up, what the issuer said leaked. */
const canary = 'canary-5a1f';

/** What is wrong with the claims of a token is wrong in the same way when its issuer says them. */
const causes: Partial<Readonly<Record<TokenDefect, string>>> = {
  expired: 'ERR_TOKEN_EXPIRED',
  'not-yet-valid': 'ERR_TOKEN_NOT_YET_VALID',
  'issued-in-future': 'ERR_TOKEN_ISSUED_IN_FUTURE',
  'foreign-issuer': 'ERR_TOKEN_ISSUER',
  'foreign-audience': 'ERR_TOKEN_AUDIENCE',
  'missing-audience': 'ERR_TOKEN_CLAIM_MISSING',
  'missing-client-id': 'ERR_TOKEN_CLAIM_MISSING',
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
  'x5t-sha1': 'ERR_TOKEN_CONFIRMATION',
  'x5t-padded': 'ERR_TOKEN_CLAIM_MALFORMED',
  'x5t-hex': 'ERR_TOKEN_CLAIM_MALFORMED',
  'mtls-bound': 'ERR_TOKEN_CERTIFICATE_ABSENT',
  'dpop-bound': 'ERR_TOKEN_BOUND',
  'id-token': 'ERR_TOKEN_TYPE',
};

/** What makes of an answer one that says nothing about the token. */
const unreadable: readonly TokenDefect[] = ['duplicate-claim', 'invalid-utf8', 'array-payload'];

/** What RFC 7662 §2.2 lets an answer leave out. */
const optional: readonly TokenDefect[] = ['missing-subject', 'missing-expiry', 'missing-issued-at', 'missing-token-id'];

/** What is wrong with the header, the signature or the form of a JWT: an opaque token has none of them. */
const ofJwts: readonly TokenDefect[] = [
  ...(['typ-jwt', 'missing-typ', 'critical-header', 'unencoded-payload', 'duplicate-header'] as const),
  ...(['foreign-key', 'unknown-key', 'embedded-jwk', 'unsigned', 'hmac-with-public-key'] as const),
  ...(['tampered-payload', 'tampered-signature', 'padded-base64', 'loose-base64'] as const),
  ...(['two-segments', 'json-serialization'] as const),
];

it('are all the defects of tokens', () => {
  const known = [...Object.keys(causes), ...unreadable, ...optional, ...ofJwts];
  expect(known.toSorted()).toEqual(tokenDefects.toSorted());
});

describe('an opaque token', () => {
  let guard: Guard;
  beforeAll(async () => {
    guard = await startGuard();
  });
  afterAll(() => guard[Symbol.asyncDispose]());

  const present = async (defect?: TokenDefect) => {
    const token = await guard.issuer.token(
      { scope: 'read:data', email: canary },
      defect === undefined ? {} : { defect },
    );
    const outcome = await guard.verifier.check(requestWith(token), { requirement: 'read:data' });
    return { outcome, token };
  };

  it('is accepted where nothing is wrong with what its issuer says: the control of this list', async () => {
    const { outcome } = await present();
    expect(outcome).toMatchObject({ outcome: 'accepted' });
  });

  it.each(Object.entries(causes))(
    'is refused when its issuer calls it active with claims that are wrong by %s [INT-05]',
    async (defect, code) => {
      const { outcome, token } = await present(defect as TokenDefect);
      expect(outcome).toMatchObject({
        outcome: 'refused',
        error: { code, error: 'invalid_token' },
        response: { status: 401 },
      });
      const left = inspect([outcome, guard.decisions.at(-1)], { depth: null, showHidden: true });
      expect(left).not.toContain(canary);
      expect(left).not.toContain(token);
    },
  );

  it.each(unreadable)('is not judged by an answer that is wrong by %s [INT-09]', async (defect) => {
    const { outcome } = await present(defect);
    expect(outcome).toMatchObject({ error: { code: 'ERR_INTROSPECTION_INVALID' }, response: { status: 503 } });
  });

  it.each(optional)('may do without what RFC 7662 does not demand: %s', async (defect) => {
    const { outcome } = await present(defect);
    expect(outcome).toMatchObject({ outcome: 'accepted' });
  });
});
