import { createHash, randomUUID } from 'node:crypto';
import type { Draft, JsonObject } from '../token.ts';
import type { ProofKey } from './proof-key.ts';

/** The request that a proof is for. */
export interface ProofRequest {
  /** The method as it is sent; it becomes `htm`. */
  readonly method: string;
  /** An absolute URL; without query and fragment, and with no other change, it becomes `htu`. */
  readonly url: string | URL;
  /** The access token that goes with the request; its hash becomes `ath`. */
  readonly token?: string;
  /** What the server demands as `nonce`. */
  readonly nonce?: string;
}

/** The claims of a proof, by their registered names; `undefined` leaves one out. Values are not typed. */
export interface ProofClaims {
  /** Default: a random UUID. */
  readonly jti?: unknown;
  /** Default: the method of the request. */
  readonly htm?: unknown;
  /** Default: the URL of the request, without query and fragment. */
  readonly htu?: unknown;
  /** Seconds since the epoch. Default: now. */
  readonly iat?: unknown;
  /** Default: the hash of the token, where there is one. */
  readonly ath?: unknown;
  /** Default: the nonce of the request, where there is one. */
  readonly nonce?: unknown;
  readonly [claim: string]: unknown;
}

/** A proof that is not written yet. */
export interface ProofDraft extends Draft {
  /** The access token that goes with it. */
  readonly token: string | undefined;
}

/** Drafts a proof as RFC 9449 §4.2 shows it, with the given claims and header members over the defaults. */
export function draftProof(
  source: { readonly key: ProofKey; readonly now: number },
  { method, url, token, nonce }: ProofRequest,
  claims: ProofClaims,
  header: JsonObject,
): ProofDraft {
  const { signer, jwk } = source.key;
  return {
    header: { typ: 'dpop+jwt', alg: signer.algorithm, jwk, ...header },
    claims: {
      jti: randomUUID(),
      htm: method,
      htu: String(url).replace(/[?#].*$/s, ''),
      iat: source.now,
      ath: token === undefined ? undefined : hashToken(token),
      nonce,
      ...claims,
    },
    key: signer,
    now: source.now,
    token,
  };
}

/** `ath`: the base64url SHA-256 of the ASCII text of a token (RFC 9449 §4.2). */
export function hashToken(token: string | Uint8Array): string {
  return createHash('sha256').update(token).digest('base64url');
}
