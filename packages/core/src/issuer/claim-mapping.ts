import type { Complete } from '../schema.ts';

/** Issuers whose tokens are known: `claims: 'okta'` is short for `claims: { dialect: 'okta' }`. */
export type Dialect = 'auth0' | 'entra-id' | 'keycloak' | 'okta';

/**
 * Where an issuer keeps what RFC 9068 §2.2 has names for. Names are those of claims at the top of the token, byte for byte.
 * Of several names the first that a token has counts, and the others are not looked at: two answers are never united.
 */
export interface ClaimMapping {
  /** Where the rest is, as far as nothing else is said. Default: where RFC 9068 has it. */
  readonly dialect?: Dialect | undefined;
  /** The id of the client. Default: `['client_id']`. */
  readonly clientId?: readonly string[] | undefined;
  /** The scopes: names between spaces in one string, or a list of names. Default: `['scope']`. */
  readonly scopes?: readonly string[] | undefined;
  /** The scopes of a client that acts for itself. Default: as `scopes`. */
  readonly clientScopes?: readonly string[] | undefined;
  /** The id of the token. Empty, under the profile `legacy` only: its tokens have none. Default: `['jti']`. */
  readonly tokenId?: readonly string[] | undefined;
  /**
   * What says that the client acts for itself, beside a `sub` that is its id: all claims of any entry. `true`: the claim is
   * there. A text: it is this text, in which `{clientId}` and `{sub}` stand for those of the token. Default: `[]`.
   */
  readonly subjectIsClient?: readonly SubjectTest[] | undefined;
  /** The login session behind the token. Default: `['sid']`. */
  readonly session?: readonly string[] | undefined;
  /** The task that the token was issued for. Default: `[]`. */
  readonly task?: readonly string[] | undefined;
  /** What for, in the words of the issuer. Default: `[]`. */
  readonly purpose?: readonly string[] | undefined;
  /** The transaction that the request belongs to. Default: `['txn']`. */
  readonly transaction?: readonly string[] | undefined;
  /** Whose data the task is about, where that is not the subject. Default: `[]`. */
  readonly customer?: readonly string[] | undefined;
}

export type SubjectTest = Readonly<Record<string, string | true>>;

/** A mapping in which nothing is left open. */
export type ClaimPlaces = Complete<Omit<ClaimMapping, 'dialect'>>;
