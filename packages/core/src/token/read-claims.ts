import { InvalidTokenError } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import type { TokenProfile } from './profile.ts';

/** @throws InvalidTokenError unless the first of these claims that is there is a string that is not empty */
export function readString(claims: JsonObject, ...names: readonly string[]): string {
  const [name, value] = readRequired(claims, names);
  // Lone surrogates all become the same bytes: two subjects would be one, once stored.
  if (typeof value !== 'string' || value === '' || !value.isWellFormed()) throw malformed(name);
  return value;
}

/**
 * The first of these claims that is there; undefined where none is.
 *
 * @throws InvalidTokenError unless it is a string that is not empty: one that cannot be read could not be revoked by either
 */
export function readOptionalString(claims: JsonObject, names: readonly string[]): string | undefined {
  return findPresent(claims, names) === undefined ? undefined : readString(claims, ...names);
}

/** The last second that a `Date` can hold. */
const maxTime = 8.64e12;

/** @throws InvalidTokenError unless the claim is a time in seconds since the epoch */
export function readTime(claims: JsonObject, name: string): number {
  const [, value] = readRequired(claims, [name]);
  if (typeof value !== 'number' || !(Math.abs(value) <= maxTime)) throw malformed(name);
  return value;
}

/** @throws InvalidTokenError unless `aud` is a string or a list of them */
export function readAudiences(claims: JsonObject): readonly string[] {
  const [name, value] = readRequired(claims, ['aud']);
  const audiences: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (!audiences.every((audience) => typeof audience === 'string')) throw malformed(name);
  return audiences;
}

/**
 * The scopes in the first of these claims that is there. RFC 9068 §2.2.3 takes `scope` from RFC 8693 §4.2: one string,
 * names separated by spaces. Issuers with other claims write lists too, in which a name with a space could be read as two.
 *
 * @throws InvalidTokenError when the claim has another form, or when there is none and one is needed
 */
export function readScopes(
  claims: JsonObject,
  names: readonly string[],
  { needsScopes, takesScopeLists }: TokenProfile,
): readonly string[] {
  if (!needsScopes && findPresent(claims, names) === undefined) return [];
  const [name, value] = readRequired(claims, names);
  if (typeof value === 'string') return value.split(' ').filter((scope) => scope !== '');
  if (name === 'scope' && !takesScopeLists) throw malformed(name);
  if (!Array.isArray(value) || !value.every(isScope)) throw malformed(name);
  return value;
}

function isScope(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && !value.includes(' ');
}

function readRequired(claims: JsonObject, names: readonly string[]): readonly [name: string, value: unknown] {
  const name = findPresent(claims, names);
  if (name === undefined) throw new InvalidTokenError('ERR_TOKEN_CLAIM_MISSING', { reasons: names });
  return [name, claims[name]];
}

/** The first of these claims that is there. */
export function findPresent(claims: JsonObject, names: readonly string[]): string | undefined {
  return names.find((name) => claims[name] !== undefined);
}

export function malformed(name: string): InvalidTokenError {
  return new InvalidTokenError('ERR_TOKEN_CLAIM_MALFORMED', { reasons: [name] });
}
