import type { CryptoKey, JWSHeaderParameters } from 'jose';
import { UnavailableError } from '../errors.ts';
import type { SelectKeys } from './json-web-keys.ts';

export interface KeySetOptions {
  /** Gets the keys that are published now. Rejects with an `UnavailableError`. */
  readonly load: () => Promise<SelectKeys>;
  readonly now: () => number;
  /** Keys older than this are fetched again in the background. */
  readonly refreshSeconds: number;
  /** The least time between two fetches that unknown keys cause, and after one that failed. */
  readonly cooldownSeconds: number;
  /** Keys older than this are not used any more. */
  readonly maxStaleSeconds: number;
}

/** The state of the keys of one issuer. */
export interface KeySetHealth {
  /** How long ago the keys in use were fetched; absent before the first success. */
  readonly ageSeconds?: number;
  /** Why the last fetch failed; absent when it succeeded. */
  readonly lastError?: UnavailableError['code'];
}

/** The keys of one issuer: decides when they are fetched, and which of them fit a token. */
export interface KeySet {
  /**
   * The keys that fit, and how old the set is. Keys that are not known cost one fetch in `cooldownSeconds` at most, shared
   * by all who wait.
   *
   * @throws UnavailableError when no set can be had, or when no key fits and the last fetch failed: the token may be good
   */
  find(header: JWSHeaderParameters): Promise<{ readonly keys: readonly CryptoKey[]; readonly ageSeconds: number }>;
  /** Resolves when keys are loaded. @throws UnavailableError */
  ready(): Promise<void>;
  health(): KeySetHealth;
}

interface LoadedKeys {
  readonly select: SelectKeys;
  readonly at: number;
}

export function createKeySet(options: KeySetOptions): KeySet {
  const { load, now, refreshSeconds, cooldownSeconds, maxStaleSeconds } = options;
  let loaded: LoadedKeys | undefined;
  let fault: UnavailableError | undefined;
  let underWay: Promise<LoadedKeys> | undefined;
  /** When the cooldown began. A fetch that was due and went well begins none: its keys may be rotated the next moment. */
  let coolingSince = Number.NEGATIVE_INFINITY;

  function secondsSince(time: number): number {
    return (now() - time) / 1000;
  }

  /** A clock that was set back must not stop the fetching. */
  function hasPassed(seconds: number, since: number): boolean {
    const elapsed = secondsSince(since);
    return elapsed < 0 || elapsed >= seconds;
  }

  function fetchOnce(): Promise<LoadedKeys> {
    underWay ??= load()
      .then(
        (select) => {
          fault = undefined;
          loaded = { select, at: now() };
          return loaded;
        },
        (error: unknown) => {
          if (error instanceof UnavailableError) fault = error;
          coolingSince = now();
          throw error;
        },
      )
      .finally(() => {
        underWay = undefined;
      });
    return underWay;
  }

  function mayFetch(): boolean {
    return underWay !== undefined || hasPassed(cooldownSeconds, coolingSince);
  }

  async function getCurrent(): Promise<LoadedKeys> {
    if (loaded === undefined || secondsSince(loaded.at) >= maxStaleSeconds) {
      if (fault !== undefined && !mayFetch()) throw remainingFault(fault);
      return fetchOnce();
    }
    // In the background: the known keys keep serving, whatever becomes of it. `fault` keeps what went wrong.
    if (hasPassed(refreshSeconds, loaded.at) && mayFetch()) fetchOnce().catch(() => undefined);
    return loaded;
  }

  function remainingFault(error: UnavailableError): UnavailableError {
    const elapsed = Math.max(0, secondsSince(coolingSince));
    return new UnavailableError(error.code, cooldownSeconds - elapsed, { cause: error });
  }

  return {
    async find(header) {
      const known = loaded;
      let current = await getCurrent();
      let keys = await current.select(header);
      // What this call has just fetched for the first time cannot be newer a moment later.
      if (keys.length === 0 && current === known && mayFetch()) {
        coolingSince = now();
        current = await fetchOnce();
        keys = await current.select(header);
      }
      if (keys.length === 0 && fault !== undefined) throw remainingFault(fault);
      return { keys, ageSeconds: Math.max(0, secondsSince(current.at)) };
    },
    async ready() {
      await getCurrent();
    },
    health() {
      return {
        ...(loaded === undefined ? {} : { ageSeconds: Math.max(0, secondsSince(loaded.at)) }),
        ...(fault === undefined ? {} : { lastError: fault.code }),
      };
    },
  };
}

/** Keys that were configured: always there, never older. */
export function createConstantKeySet(select: SelectKeys): KeySet {
  return {
    find: async (header) => ({ keys: await select(header), ageSeconds: 0 }),
    ready: async () => undefined,
    health: () => ({ ageSeconds: 0 }),
  };
}
