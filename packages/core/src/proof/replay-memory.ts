import { z } from 'zod';
import { environmentShape } from '../environment.ts';
import { UnavailableError } from '../errors.ts';
import { type Complete, parseSettings } from '../schema.ts';
import { HolderCounts } from './holder-counts.ts';
import { KeyPlacement, KeyTable } from './key-table.ts';
import type { ReplayStore } from './replay-store.ts';

export interface MemoryReplayStoreOptions {
  /**
   * The most proofs that are held at once, 1 to 10000000, at up to 30 bytes each, taken as they come. Default 2000000:
   * more than one process is likely to verify before the first of them goes.
   */
  readonly maxEntries?: number | undefined;
  /** Milliseconds since the epoch. Default: `Date.now`. */
  readonly now?: (() => number) | undefined;
}

export const memoryReplayStoreSchema: z.ZodType<Complete<MemoryReplayStoreOptions>> = z.strictObject({
  maxEntries: z.int().min(1).max(10_000_000).default(2_000_000),
  now: environmentShape.now,
});

/** Proofs that came one after another, and are forgotten together. All times are seconds since the epoch. */
interface Generation {
  readonly keys: KeyTable;
  readonly holders: HolderCounts;
  readonly startedAt: number;
  /** The last moment at which one of the proofs is acceptable. */
  until: number;
}

const bytesOfKey = 16;
/** How much of its life a generation takes new proofs for. The shorter, the sooner they go; the longer, the fewer there are to look in. */
const youth = 1 / 4;
/** A clock that jumps back and forth makes no more generations than this. */
const mostGenerations = 16;
const nearlyFull = 0.9;

const memories = new WeakSet<object>();

/** True for what `createMemoryReplayStore` of this very module has made. */
export function isMemoryReplayStore(store: ReplayStore): boolean {
  return memories.has(store);
}

/**
 * Makes a replay store in the memory of this process, exact for as long as the process lives. It knows nothing of other
 * processes, and a process that starts again knows nothing of its life before.
 *
 * A proof stays until it expires, and up to a third of that time longer: no proof goes alone, and none goes without a
 * call. From nine tenths on, a holder with more proofs than `maxEntries` divided by the active holders and one newcomer
 * gets `holder-over-limit`; the others go on until nothing is left.
 *
 * `record` throws an `UnavailableError` when the store is full, and for a proof whose record may be gone already because
 * the clock was set back; a `TypeError` for a key that has not 16 bytes and for an expiry that is not a number.
 *
 * @throws ConfigurationError with every problem of the options
 */
export function createMemoryReplayStore(options: MemoryReplayStoreOptions = {}): ReplayStore {
  const { maxEntries, now } = parseSettings('options of the replay store', memoryReplayStoreSchema, options);
  const placement = new KeyPlacement();
  const holders = new HolderCounts();
  let generations: readonly Generation[] = [];
  let size = 0;
  /** Proofs that expire later have never been forgotten. */
  let forgottenUntil = Number.NEGATIVE_INFINITY;

  function forgetExpired(nowSeconds: number): void {
    const isExpired = ({ until }: Generation) => until < nowSeconds;
    if (!generations.some(isExpired)) return;
    for (const generation of generations.filter(isExpired)) {
      size -= generation.keys.size;
      holders.subtract(generation.holders);
      forgottenUntil = Math.max(forgottenUntil, generation.until);
    }
    generations = generations.filter((generation) => !isExpired(generation));
  }

  /** One share is kept for a holder that has none yet: nobody fills the store alone. */
  function isOverShare(counter: number): boolean {
    return holders.get(counter) > maxEntries / (holders.active + 1);
  }

  /** The generation that takes a proof. One that the clock was set back before is over, too. */
  function openGeneration(nowSeconds: number, expiresAt: number): Generation {
    const newest = generations.at(-1);
    if (newest !== undefined) {
      const age = Math.abs(nowSeconds - newest.startedAt);
      const isYoung = age < (newest.until - newest.startedAt) * youth;
      if (isYoung || generations.length === mostGenerations) return newest;
    }
    const keys = new KeyTable(placement);
    const generation = { keys, holders: new HolderCounts(), startedAt: nowSeconds, until: expiresAt };
    generations = [...generations, generation];
    return generation;
  }

  const store: ReplayStore = {
    record({ key, expiresAt, holder }) {
      if (key.length !== bytesOfKey) throw new TypeError('The key of a proof has 16 bytes.');
      if (!Number.isFinite(expiresAt)) throw new TypeError('The expiry of a proof is a number of seconds.');
      const nowSeconds = now() / 1000;
      forgetExpired(nowSeconds);
      const placed = placement.read(key);
      if (generations.some(({ keys }) => keys.has(placed))) return 'replayed';
      if (expiresAt <= forgottenUntil) {
        throw new UnavailableError('ERR_REPLAY_STORE_FORGOTTEN', secondsUntil(forgottenUntil, expiresAt));
      }
      const counter = HolderCounts.counterOf(holder);
      if (size >= maxEntries * nearlyFull && isOverShare(counter)) return 'holder-over-limit';
      if (size >= maxEntries) {
        const firstToGo = Math.min(...generations.map(({ until }) => until));
        throw new UnavailableError('ERR_REPLAY_STORE_FULL', secondsUntil(firstToGo, nowSeconds));
      }
      const generation = openGeneration(nowSeconds, expiresAt);
      generation.keys.add(placed);
      generation.holders.increment(counter);
      generation.until = Math.max(generation.until, expiresAt);
      holders.increment(counter);
      size += 1;
      return 'fresh';
    },
    health() {
      forgetExpired(now() / 1000);
      return { state: 'ready', ...(size >= maxEntries && { code: 'ERR_REPLAY_STORE_FULL' }) };
    },
  };
  memories.add(store);
  return store;
}

/** Whole seconds from one moment until after another, for `Retry-After`. */
function secondsUntil(time: number, from: number): number {
  return time > from ? Math.floor(time - from) + 1 : 1;
}
