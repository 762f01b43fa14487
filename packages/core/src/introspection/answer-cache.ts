import { BoundedMap } from '../bounded-map.ts';
import type { JsonObject } from '../json.ts';
import { isFresh } from './freshness.ts';

/** The claims of an active token, as the issuer says them, or that it is not active. */
export type IssuerAnswer = JsonObject | 'inactive';

/** An answer, and the time from which it is known to hold: when the question was sent, in milliseconds since the epoch. */
export interface DatedAnswer {
  readonly claims: IssuerAnswer;
  readonly at: number;
}

/**
 * What the issuer said of tokens, by their hash. Answers about active tokens are kept apart from the others, which anybody
 * can cause: those are numbers, few and short-lived, and push out nothing but each other.
 */
export interface AnswerCache {
  /** The answer, where it is younger than this, and its token has not expired. */
  find(hash: string, maxAgeSeconds: number): DatedAnswer | undefined;
  /** Whether the issuer was heard about the token, however long ago, as far as is remembered. */
  knows(hash: string): boolean;
  /** The newest answer about a token takes the place of what was known; one about an active token only where it is worth it. */
  keep(hash: string, answer: DatedAnswer, isWorthIt: boolean): void;
  /** How many answers about active tokens are held. */
  readonly size: number;
}

/** They are gone after seconds, and the issuer is not asked much faster than this. */
const maxInactive = 10_000;

export function createAnswerCache(options: {
  /** The most answers about active tokens; none at 0. */
  readonly capacity: number;
  readonly inactiveSeconds: number;
  readonly now: () => number;
}): AnswerCache {
  const { capacity, inactiveSeconds, now } = options;
  const active = new BoundedMap<string, { readonly claims: JsonObject; readonly at: number }>(capacity);
  const inactive = new BoundedMap<string, number>(maxInactive);

  return {
    find(hash, maxAgeSeconds) {
      const time = now();
      const known = active.get(hash);
      if (known !== undefined) {
        if (!isBeforeExpiry(known.claims, time)) active.delete(hash);
        else if (isFresh(known.at, maxAgeSeconds, time)) return known;
      }
      const at = inactive.get(hash);
      const isKnownInactive = at !== undefined && isFresh(at, Math.min(inactiveSeconds, maxAgeSeconds), time);
      return isKnownInactive ? { claims: 'inactive', at } : undefined;
    },
    knows: (hash) => active.get(hash) !== undefined || inactive.get(hash) !== undefined,
    keep(hash, { claims, at }, isWorthIt) {
      active.delete(hash);
      inactive.delete(hash);
      if (claims !== 'inactive' && isWorthIt && capacity > 0) active.set(hash, { claims, at });
      if (claims === 'inactive' && inactiveSeconds > 0) inactive.set(hash, at);
    },
    get size() {
      return active.size;
    },
  };
}

/** Without tolerance for clocks: the issuer, which is asked from then on, has its own. One without `exp` ends by its age. */
function isBeforeExpiry({ exp }: JsonObject, time: number): boolean {
  return typeof exp !== 'number' || time < exp * 1000;
}
