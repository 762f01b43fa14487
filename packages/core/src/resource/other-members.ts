import { findPageFault } from '../identifier.ts';
import { isPlainObject } from '../schema.ts';
import { isLanguageTag } from './language-tag.ts';
import { signerClaims } from './signed-metadata.ts';

type Members = Readonly<Record<string, unknown>>;

/** The members that people read, of which there may be translations (RFC 9728 §2.1): their options, and what they hold. */
const readable = new Map([
  ['resource_name', { option: 'name', findFault: findNameFault }],
  ['resource_documentation', { option: 'documentation', findFault: findPageFault }],
  ['resource_policy_uri', { option: 'policy', findFault: findPageFault }],
  ['resource_tos_uri', { option: 'termsOfService', findFault: findPageFault }],
]);

const isOurs = 'says what the verifier does: it cannot be set';

/** The other members of RFC 9728 §2, and the claims that would change what a signature says: why they are not free. */
const taken = new Map([
  ['resource', 'has an option: resource'],
  ['authorization_servers', 'has an option: issuers'],
  ['jwks_uri', 'has an option: metadata.jwksUri'],
  ['scopes_supported', 'has an option: metadata.scopes'],
  ['bearer_methods_supported', isOurs],
  ['resource_signing_alg_values_supported', 'has an option: metadata.signingAlgorithms'],
  ['tls_client_certificate_bound_access_tokens', 'has an option: metadata.certificateBoundTokens'],
  ['authorization_details_types_supported', 'has an option: metadata.authorizationDetailsTypes'],
  ['dpop_signing_alg_values_supported', isOurs],
  ['dpop_bound_access_tokens_required', isOurs],
  ['signed_metadata', 'has an option: metadata.sign'],
  ['', 'must have a name'],
  ['__proto__', 'cannot be a member: copies would lose it'],
  ...signerClaims.map((claim) => [claim, 'is a claim of signed metadata'] as const),
]);

/** What is wrong with further members of the document, by name, beside these options. */
export function listMemberFaults(members: Members, options: Members): readonly (readonly [string, string])[] {
  const isGiven = (name: string) => {
    const option = readable.get(name)?.option;
    return option === undefined ? Object.hasOwn(members, name) : options[option] !== undefined;
  };
  // Language tags are the same in any case (RFC 9728 §2.1).
  const names = Object.keys(members).map((name) => name.replace(/#.*/s, (tag) => tag.toLowerCase()));
  return Object.entries(members).flatMap(([name, value], index) => {
    const isRepeated = names.indexOf(names[index] ?? '') < index;
    const fault = isRepeated ? 'names a language twice' : findMemberFault(name, value, isGiven);
    return fault === undefined ? [] : [[name, fault] as const];
  });
}

type IsGiven = (name: string) => boolean;

function findMemberFault(name: string, value: unknown, isGiven: IsGiven): string | undefined {
  if (name.includes('#')) return findTranslationFault(name, value, isGiven);
  const option = readable.get(name)?.option;
  return option === undefined ? (taken.get(name) ?? findValueFault(value)) : `has an option: metadata.${option}`;
}

function findTranslationFault(member: string, value: unknown, isGiven: IsGiven): string | undefined {
  const hash = member.indexOf('#');
  const name = member.slice(0, hash);
  if (!isLanguageTag(member.slice(hash + 1))) return 'must have a language tag behind #, as resource_name#it has';
  if (taken.has(name)) return 'has no translations';
  const known = readable.get(name);
  // Recommended by RFC 9728 §2.1: clients that look for no language find nothing else.
  if (!isGiven(name)) return `needs ${known === undefined ? name : `metadata.${known.option}`} for everybody else`;
  if (known === undefined) return findValueFault(value);
  return typeof value === 'string' ? known.findFault(value) : 'must be a string';
}

function findNameFault(name: string): string | undefined {
  return name === '' ? 'must not be empty' : undefined;
}

function findValueFault(value: unknown): string | undefined {
  // RFC 9728 §3.2: what has no values is left out.
  if (Array.isArray(value) && value.length === 0) return 'must not be an empty list: leave it out';
  return isJson(value, 32) ? undefined : 'must be JSON: text, finite numbers, true, false, null, lists and objects';
}

/** True for what is the same when it is written as JSON and read again, within a number of levels. */
function isJson(value: unknown, levels: number): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (levels === 0) return false;
  // A hole of a list is undefined, which JSON has not.
  if (Array.isArray(value)) return Array.from(value).every((member) => isJson(member, levels - 1));
  return (
    isPlainObject(value) &&
    !Object.hasOwn(value, '__proto__') &&
    Object.values(value).every((member) => isJson(member, levels - 1))
  );
}
