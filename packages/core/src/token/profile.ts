import type { IssuerSettings } from '../issuer/options.ts';
import type { JsonObject } from '../json.ts';
import { normalizeType } from './jws.ts';

/** What an access token of an issuer must look like to be taken for one (RFC 8725 §3.12). */
export interface TokenProfile {
  /** Media types that `typ` of the header may be, without `application/`; undefined: it may be missing. */
  readonly types: readonly (string | undefined)[];
  /** Whether claims are searched for marks of other kinds of JWT, because `typ` does not tell them apart. */
  readonly looksForMarks: boolean;
  readonly needsScopes: boolean;
  /** Whether the claim `scope` may be a list. Claims of other names always may. */
  readonly takesScopeLists: boolean;
}

export const tokenProfiles: Readonly<Record<IssuerSettings['tokenProfile'], TokenProfile>> = {
  rfc9068: { types: ['at+jwt'], looksForMarks: false, needsScopes: false, takesScopeLists: false },
  legacy: { types: ['at+jwt', 'jwt', undefined], looksForMarks: true, needsScopes: true, takesScopeLists: true },
};

/** `typ` is a media type: case does not matter, `application/` may be left out (RFC 7515 §4.1.9, RFC 9068 §4). */
export function isAccessTokenType(typ: unknown, { types }: TokenProfile): boolean {
  const type = normalizeType(typ);
  return types.some((known) => known === type);
}

/** Claims by which issuers say what a token is, and what they say of access tokens: Keycloak; Amazon Cognito and Ory Hydra. */
const kinds: Readonly<Record<string, readonly string[]>> = {
  typ: ['Bearer', 'DPoP'],
  token_use: ['access', 'access_token'],
};

/** Claims that access tokens never have. */
const foreignClaims: readonly string[] = [
  // ID tokens (OpenID Connect Core §3.3.2.11, FAPI 1.0 Part 2 §5.1)
  ...['at_hash', 'c_hash', 's_hash'],
  // security event tokens, logout tokens among them (RFC 8417 §2.2, OpenID Connect Back-Channel Logout §2.4)
  'events',
  // DPoP proofs (RFC 9449 §4.2)
  ...['htm', 'htu', 'ath'],
  // answers of introspection (RFC 9701 §5), status lists (draft-ietf-oauth-status-list §5.1)
  ...['token_introspection', 'status_list'],
];

/**
 * The claim that marks a JWT as something else than an access token, or undefined.
 *
 * `nonce` belongs to ID tokens (OpenID Connect Core §2), and access tokens of Keycloak had it up to version 24. Those say
 * that they are access tokens, so that it counts only where the token does not say what it is.
 */
export function findForeignMark(claims: JsonObject): string | undefined {
  const told = Object.keys(kinds).filter((name) => claims[name] !== undefined);
  const foreign = told.find((name) => !kinds[name]?.some((kind) => kind === claims[name]));
  const marks = told.length === 0 ? ['nonce', ...foreignClaims] : foreignClaims;
  return foreign ?? marks.find((name) => claims[name] !== undefined);
}
