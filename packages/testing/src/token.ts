import { randomUUID } from 'node:crypto';
import type { SigningKey } from './signing-keys.ts';

/** A JSON object; a member that is `undefined` is not written. */
export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * The claims of a token, by their registered names; any other name is written as it is.
 *
 * A claim you set to `undefined` is left out, a default too. Values are not typed, so that you can write claims of the
 * wrong type.
 */
export interface TokenClaims {
  /** Default: the issuer's own identifier. */
  readonly iss?: unknown;
  /** Default: `'user-1'`. */
  readonly sub?: unknown;
  /** Default: the issuer's `audience`. */
  readonly aud?: unknown;
  /** Default: `'client-1'`. */
  readonly client_id?: unknown;
  /** Scopes in one string, separated by spaces. Default: none. */
  readonly scope?: unknown;
  /** Seconds since the epoch. Default: now. */
  readonly iat?: unknown;
  /** Seconds since the epoch. Default: 300 seconds from now. */
  readonly exp?: unknown;
  /** Seconds since the epoch. Default: none. */
  readonly nbf?: unknown;
  /** Default: a random UUID. */
  readonly jti?: unknown;
  /** Who acts for the subject (RFC 8693 §4.1). Default: nobody. */
  readonly act?: unknown;
  /** What the token is bound to (RFC 7800 §3.1). Default: nothing, or the key and the certificate of the agent. */
  readonly cnf?: unknown;
  readonly [claim: string]: unknown;
}

/** A token that is not written yet. */
export interface Draft {
  readonly header: JsonObject;
  readonly claims: JsonObject;
  readonly key: SigningKey;
  /** Seconds since the epoch. */
  readonly now: number;
}

/** Drafts an access token as RFC 9068 §2 wants it, with the given claims and header members over the defaults. */
export function draftToken(
  source: { readonly issuer: string; readonly audience: unknown; readonly key: SigningKey; readonly now: number },
  claims: TokenClaims,
  header: JsonObject,
): Draft {
  const { issuer, audience, key, now } = source;
  return {
    header: { alg: key.algorithm, typ: 'at+jwt', kid: key.kid, ...header },
    claims: {
      iss: issuer,
      sub: 'user-1',
      client_id: 'client-1',
      aud: audience,
      iat: now,
      exp: now + 300,
      jti: randomUUID(),
      ...claims,
    },
    key,
    now,
  };
}

/** Signs a draft: the compact serialization of RFC 7515 §7.1. */
export function writeToken(draft: Draft): Promise<string> {
  return signSegments(draft.key, encode(JSON.stringify(draft.header)), encode(JSON.stringify(draft.claims)));
}

/** Appends the signature to two segments, taken as they are. */
export async function signSegments(key: SigningKey, header: string, payload: string): Promise<string> {
  return `${header}.${payload}.${await key.sign(`${header}.${payload}`)}`;
}

/** base64url without padding. */
export function encode(data: string | Uint8Array): string {
  return Buffer.from(data).toString('base64url');
}
