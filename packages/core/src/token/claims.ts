import { InvalidTokenError } from '../errors.ts';
import type { ClaimPlaces, SubjectTest } from '../issuer/claim-mapping.ts';
import type { JsonObject } from '../json.ts';
import { type KeyConfirmation, readConfirmation } from './confirmation.ts';
import { findForeignMark, type TokenProfile } from './profile.ts';
import { readAudiences, readOptionalString, readScopes, readString, readTime } from './read-claims.ts';

/** What the claims of a token are checked against. */
export interface ClaimExpectations {
  readonly issuer: string;
  /** Any of these must be in `aud`. */
  readonly audiences: readonly string[];
  readonly profile: TokenProfile;
  /** Where the issuer keeps what has no fixed name. */
  readonly places: ClaimPlaces;
  readonly maxLifetimeSeconds: number;
  readonly nowSeconds: number;
  readonly toleranceSeconds: number;
}

/** What a token was issued for, as far as the mapping of its issuer finds it; nothing is guessed. */
export interface TaskContext {
  /** The task itself: what ends as a whole. */
  readonly id?: string;
  /** What for, in the words of the issuer. */
  readonly purpose?: string;
  /** `txn` (RFC 8417 §2.2), or what takes its place: one transaction, over all of its services. */
  readonly transaction?: string;
  /** Whose data it is about, where that is not the subject. */
  readonly customer?: string;
}

/** The claims that every access token has, of the types that RFC 9068 §2.2 gives them. */
export interface AccessTokenClaims {
  readonly iss: string;
  readonly sub: string;
  /** `client` when the client acts for itself (RFC 9068 §5). */
  readonly subjectType: 'user' | 'client';
  readonly clientId: string;
  /** Undefined where tokens of the issuer have none. */
  readonly tokenId: string | undefined;
  readonly issuedAtSeconds: number;
  readonly notBeforeSeconds: number | undefined;
  readonly expiresAtSeconds: number;
  readonly scopes: readonly string[];
  /** The login session behind the token, where the mapping finds one. */
  readonly session: string | undefined;
  readonly task: TaskContext;
  /** What the token is bound to; undefined for a bearer token. */
  readonly confirmation: KeyConfirmation | undefined;
  /** Everything that the token says. */
  readonly all: JsonObject;
}

/**
 * Checks what RFC 9068 §4 demands of the claims, where the issuer keeps them. It says nothing about the signature.
 *
 * A token is accepted from `nbf` − tolerance until just before `exp` + tolerance (RFC 7519 §4.1.4, §4.1.5); `iat` may be
 * ahead by the tolerance. Fractions of seconds count.
 *
 * @throws InvalidTokenError
 */
export function checkClaims(claims: JsonObject, expected: ClaimExpectations): AccessTokenClaims {
  if (readString(claims, 'iss') !== expected.issuer) throw new InvalidTokenError('ERR_TOKEN_ISSUER');
  refuseOtherKinds(claims, expected.profile);
  refuseOtherAudiences(claims, expected.audiences);
  const times = checkTimes(claims, expected);
  const confirmation = readConfirmation(claims['cnf']);
  return { iss: expected.issuer, ...readMapped(claims, expected), ...times, confirmation, all: claims };
}

/** @throws InvalidTokenError unless `aud` names one that is ours */
export function refuseOtherAudiences(claims: JsonObject, ours: readonly string[]): void {
  const audiences = readAudiences(claims);
  if (!ours.some((audience) => audiences.includes(audience))) throw new InvalidTokenError('ERR_TOKEN_AUDIENCE');
}

function refuseOtherKinds(claims: JsonObject, { looksForMarks }: TokenProfile): void {
  const mark = looksForMarks ? findForeignMark(claims) : undefined;
  if (mark !== undefined) throw new InvalidTokenError('ERR_TOKEN_TYPE', { reasons: [mark] });
}

function checkTimes(
  claims: JsonObject,
  { nowSeconds, toleranceSeconds, maxLifetimeSeconds }: ClaimExpectations,
): Pick<AccessTokenClaims, 'issuedAtSeconds' | 'notBeforeSeconds' | 'expiresAtSeconds'> {
  const expiresAtSeconds = readTime(claims, 'exp');
  const issuedAtSeconds = readTime(claims, 'iat');
  const notBeforeSeconds = claims['nbf'] === undefined ? undefined : readTime(claims, 'nbf');
  refuseOutOfTime({ expiresAtSeconds, notBeforeSeconds }, { nowSeconds, toleranceSeconds });
  if (!(nowSeconds + toleranceSeconds >= issuedAtSeconds)) throw new InvalidTokenError('ERR_TOKEN_ISSUED_IN_FUTURE');
  if (expiresAtSeconds - issuedAtSeconds > maxLifetimeSeconds) throw new InvalidTokenError('ERR_TOKEN_LIFETIME');
  return { issuedAtSeconds, notBeforeSeconds, expiresAtSeconds };
}

/** @throws InvalidTokenError after the end, and before the beginning */
export function refuseOutOfTime(
  { expiresAtSeconds, notBeforeSeconds }: Pick<AccessTokenClaims, 'expiresAtSeconds' | 'notBeforeSeconds'>,
  { nowSeconds, toleranceSeconds }: Pick<ClaimExpectations, 'nowSeconds' | 'toleranceSeconds'>,
): void {
  // Asked the other way round, a clock that says nothing (NaN) would let every token pass.
  if (!(nowSeconds < expiresAtSeconds + toleranceSeconds)) throw new InvalidTokenError('ERR_TOKEN_EXPIRED');
  if (notBeforeSeconds !== undefined && !(nowSeconds + toleranceSeconds >= notBeforeSeconds)) {
    throw new InvalidTokenError('ERR_TOKEN_NOT_YET_VALID');
  }
}

function readMapped(
  claims: JsonObject,
  { places, profile }: ClaimExpectations,
): Pick<AccessTokenClaims, 'sub' | 'subjectType' | 'clientId' | 'tokenId' | 'scopes' | 'session' | 'task'> {
  const sub = readString(claims, 'sub');
  const clientId = readString(claims, ...places.clientId);
  const isClient = sub === clientId || saysSubjectIsClient(claims, places.subjectIsClient, { sub, clientId });
  return {
    sub,
    subjectType: isClient ? 'client' : 'user',
    clientId,
    tokenId: places.tokenId.length === 0 ? undefined : readString(claims, ...places.tokenId),
    scopes: readScopes(claims, isClient ? places.clientScopes : places.scopes, profile),
    session: readOptionalString(claims, places.session),
    task: readTask(claims, places),
  };
}

function readTask(claims: JsonObject, places: ClaimPlaces): TaskContext {
  const members = {
    id: readOptionalString(claims, places.task),
    purpose: readOptionalString(claims, places.purpose),
    transaction: readOptionalString(claims, places.transaction),
    customer: readOptionalString(claims, places.customer),
  };
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

function saysSubjectIsClient(claims: JsonObject, tests: readonly SubjectTest[], subject: Subject): boolean {
  return tests.some((test) =>
    Object.entries(test).every(([name, expected]) =>
      expected === true ? claims[name] !== undefined : claims[name] === fillIn(expected, subject),
    ),
  );
}

interface Subject {
  readonly sub: string;
  readonly clientId: string;
}

/** In one pass: what is put in is not searched again. */
function fillIn(text: string, { sub, clientId }: Subject): string {
  return text.replace(/\{(?:clientId|sub)\}/g, (place) => (place === '{sub}' ? sub : clientId));
}
