import { hash } from 'node:crypto';
import { BoundedMap } from '../bounded-map.ts';
import type { VerifiedAccessToken } from './jwt.ts';

interface Entry<Token> {
  readonly token: Token;
  /** The token counts from here until just before there: milliseconds since the epoch. */
  readonly from: number;
  readonly until: number;
}

/**
 * Remembers verified tokens, by hash, for a short while: the same token needs no second signature. What a hit leaves to be
 * checked is whatever can change meanwhile; it is asked here, so that no entry outlives its times, its key or its issuer.
 */
export interface TokenCache<Token> {
  /** @param hash SHA-256 of the token, base64url */
  find(hash: string): Token | undefined;
  /** For fully verified tokens only: anybody can send others. */
  remember(hash: string, token: Token): void;
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
      if (time >= entry.from && time < entry.until && isCurrent(entry.token)) return entry.token;
      entries.delete(hash);
      return undefined;
    },
    remember(hash, token) {
      const { notBeforeSeconds = -Infinity, issuedAtSeconds, expiresAtSeconds } = token.claims;
      if (capacity === 0) return;
      entries.set(hash, {
        token,
        from: (Math.max(notBeforeSeconds, issuedAtSeconds) - toleranceSeconds) * 1000,
        until: Math.min((expiresAtSeconds + toleranceSeconds) * 1000, now() + maxAgeMilliseconds),
      });
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
