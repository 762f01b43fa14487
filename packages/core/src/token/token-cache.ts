import { hash } from 'node:crypto';
import { BoundedMap } from '../bounded-map.ts';
import type { VerifiedAccessToken } from './jwt.ts';

/** A token that was verified, now or before. */
export interface RememberedToken<Token> {
  /** SHA-256 of the token, base64url. */
  readonly hash: string;
  readonly token: Token;
  /** Milliseconds since the epoch. */
  readonly verifiedAt: number;
}

interface Entry<Token> extends RememberedToken<Token> {
  /** The token counts from here until just before there: milliseconds since the epoch. */
  readonly from: number;
  readonly until: number;
}

/**
 * Remembers verified tokens, by hash, for a short while: the same token needs no second signature. What a hit leaves to be
 * checked is whatever can change meanwhile; it is asked here, so that no entry outlives its times, its key or its issuer.
 */
export interface TokenCache<Token> {
  find(hash: string): RememberedToken<Token> | undefined;
  /** For fully verified tokens only: anybody can send others. */
  remember(hash: string, token: Token): RememberedToken<Token>;
  readonly size: number;
}

/** The longest time between two signature checks of one token. */
const maxAgeMilliseconds = 300_000;

export function createTokenCache<Token extends VerifiedAccessToken>(options: {
  /** The most tokens; none at 0. */
  readonly capacity: number;
  readonly toleranceSeconds: number;
  readonly now: () => number;
  /** Whether the issuer is still trusted, and still publishes these keys. */
  readonly isCurrent: (token: Token) => boolean;
}): TokenCache<Token> {
  const { capacity, toleranceSeconds, now, isCurrent } = options;
  const entries = new BoundedMap<string, Entry<Token>>(capacity);

  return {
    find(hash) {
      const entry = entries.get(hash);
      if (entry === undefined) return undefined;
      const time = now();
      // The clock can have been set back before `nbf`. One that says nothing (NaN) is within no times.
      if (time >= entry.from && time < entry.until && isCurrent(entry.token)) return entry;
      entries.delete(hash);
      return undefined;
    },
    remember(hash, token) {
      const { notBeforeSeconds = -Infinity, issuedAtSeconds, expiresAtSeconds } = token.claims;
      const verifiedAt = now();
      const entry = {
        hash,
        token,
        verifiedAt,
        from: (Math.max(notBeforeSeconds, issuedAtSeconds) - toleranceSeconds) * 1000,
        until: Math.min((expiresAtSeconds + toleranceSeconds) * 1000, verifiedAt + maxAgeMilliseconds),
      };
      if (capacity > 0) entries.set(hash, entry);
      return entry;
    },
    get size() {
      return entries.size;
    },
  };
}

/**
 * SHA-256 of the whole token, signature included: two tokens that differ in a letter are two. It is also what the `ath` of a
 * proof says (RFC 9449 §4.2).
 */
export function hashToken(compact: string): string {
  return hash('sha256', compact, 'base64url');
}
