import { InvalidTokenError } from '../errors.ts';
import { isJsonObject, type JsonObject } from '../json.ts';

/** What the claims of a token are checked against. */
export interface ClaimExpectations {
  readonly issuer: string;
  /** Any of these must be in `aud`. */
  readonly audiences: readonly string[];
  readonly nowSeconds: number;
  readonly toleranceSeconds: number;
}

/** The claims that every access token has, of the types that RFC 9068 §2.2 gives them. */
export interface AccessTokenClaims {
  readonly iss: string;
  readonly sub: string;
  readonly clientId: string;
  readonly tokenId: string;
  readonly issuedAtSeconds: number;
  readonly notBeforeSeconds: number | undefined;
  readonly expiresAtSeconds: number;
  readonly scopes: readonly string[];
  /** Everything that the token says. */
  readonly all: JsonObject;
}

/**
 * Checks what RFC 9068 §4 demands of the claims, once the signature holds.
 *
 * A token is accepted from `nbf` − tolerance until just before `exp` + tolerance (RFC 7519 §4.1.4, §4.1.5); `iat` may be
 * ahead by the tolerance. Fractions of seconds count.
 *
 * @throws InvalidTokenError
 */
export function checkClaims(claims: JsonObject, expected: ClaimExpectations): AccessTokenClaims {
  if (readString(claims, 'iss') !== expected.issuer) throw new InvalidTokenError('ERR_TOKEN_ISSUER');
  checkAudience(readRequired(claims, 'aud'), expected.audiences);
  const expiresAtSeconds = readTime(claims, 'exp');
  const issuedAtSeconds = readTime(claims, 'iat');
  const notBefore = claims['nbf'] === undefined ? undefined : readTime(claims, 'nbf');
  const { nowSeconds, toleranceSeconds } = expected;
  // Asked the other way round, a clock that says nothing (NaN) would let every token pass.
  if (!(nowSeconds < expiresAtSeconds + toleranceSeconds)) throw new InvalidTokenError('ERR_TOKEN_EXPIRED');
  if (notBefore !== undefined && !(nowSeconds + toleranceSeconds >= notBefore)) {
    throw new InvalidTokenError('ERR_TOKEN_NOT_YET_VALID');
  }
  if (!(nowSeconds + toleranceSeconds >= issuedAtSeconds)) throw new InvalidTokenError('ERR_TOKEN_ISSUED_IN_FUTURE');
  checkConfirmation(claims['cnf']);
  return {
    iss: expected.issuer,
    sub: readString(claims, 'sub'),
    clientId: readString(claims, 'client_id'),
    tokenId: readString(claims, 'jti'),
    issuedAtSeconds,
    notBeforeSeconds: notBefore,
    expiresAtSeconds,
    scopes: readScopes(claims['scope']),
    all: claims,
  };
}

function readString(claims: JsonObject, name: string): string {
  const value = readRequired(claims, name);
  // Lone surrogates all become the same bytes: two subjects would be one, once stored.
  if (typeof value !== 'string' || value === '' || !value.isWellFormed()) throw malformed(name);
  return value;
}

/** The last second that a `Date` can hold. */
const maxTime = 8.64e12;

function readTime(claims: JsonObject, name: string): number {
  const value = readRequired(claims, name);
  if (typeof value !== 'number' || !(Math.abs(value) <= maxTime)) throw malformed(name);
  return value;
}

function readRequired(claims: JsonObject, name: string): unknown {
  const value = claims[name];
  if (value === undefined) throw new InvalidTokenError('ERR_TOKEN_CLAIM_MISSING', { reasons: [name] });
  return value;
}

function malformed(name: string): InvalidTokenError {
  return new InvalidTokenError('ERR_TOKEN_CLAIM_MALFORMED', { reasons: [name] });
}

function checkAudience(aud: unknown, accepted: readonly string[]): void {
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  if (!audiences.every((audience) => typeof audience === 'string')) throw malformed('aud');
  if (!accepted.some((audience) => audiences.includes(audience))) throw new InvalidTokenError('ERR_TOKEN_AUDIENCE');
}

/** RFC 9068 §2.2.3 takes `scope` from RFC 8693 §4.2: one string, names separated by spaces. */
function readScopes(scope: unknown): readonly string[] {
  if (scope === undefined) return [];
  if (typeof scope !== 'string') throw malformed('scope');
  return scope.split(' ').filter((name) => name !== '');
}

/**
 * A token that is bound to a key (RFC 7800 §3.1) is worthless without a proof of that key. This version verifies no
 * proofs, so that a bound token is refused, never taken as a bearer token (RFC 9449 §7.2, RFC 8705 §3).
 */
function checkConfirmation(cnf: unknown): void {
  if (cnf === undefined) return;
  if (!isJsonObject(cnf)) throw malformed('cnf');
  throw new InvalidTokenError('ERR_TOKEN_CONFIRMATION', { reasons: Object.keys(cnf).filter(isKnownConfirmation) });
}

function isKnownConfirmation(member: string): boolean {
  return member === 'jkt' || member === 'x5t#S256';
}
