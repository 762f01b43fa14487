import { createHash } from 'node:crypto';
import type { StoreHealth } from '@gatehouse/core';
import type { FailureCode } from './failures.ts';

/** What a shard said of itself when it last answered. All times are seconds since the epoch, by the clock of Redis. */
export interface ShardState {
  /** Names the unbroken stretch of its memory. */
  readonly epoch: string;
  /** When the memory before was lost, or when there was none yet. */
  readonly lostAt: number;
  readonly now: number;
  /** By how much its clock is ahead of ours, in seconds. */
  readonly aheadSeconds: number;
}

/** What is known of the servers behind a store: whether they are fit to answer, and under which epoch. */
export interface Fitness {
  noteState(shard: number, state: ShardState): void;
  noteFailure(shard: number, code: FailureCode): void;
  /** How far clocks may differ, as the proofs say. */
  noteTolerance(seconds: number): void;
  /** Names the unbroken stretch of the memory of all shards; undefined until each has answered once. */
  readonly epoch: string | undefined;
  /** The epoch of one shard, provided that this one of all shards is current; else nothing. */
  epochOf(shard: number, epoch: string | undefined): string;
  /** The first failure of a shard that has not answered well since. */
  readonly failure: FailureCode | undefined;
  /** Whether every shard has answered once. */
  readonly isKnown: boolean;
  readonly clock: Pick<StoreHealth, 'clockDifferenceSeconds'>;
  /** Why proofs are refused although every shard answers. */
  readonly refusal: FailureCode | undefined;
}

export function createFitness(shardCount: number): Fitness {
  const states = new Map<number, ShardState>();
  const failures = new Map<number, FailureCode>();
  // The default of a verifier, until the first proof has told.
  let toleranceSeconds = 5;
  let epoch: string | undefined;

  function combine(): string | undefined {
    if (states.size < shardCount) return undefined;
    const epochs = Array.from({ length: shardCount }, (_, shard) => states.get(shard)?.epoch);
    return createHash('sha256').update(epochs.join()).digest('base64url');
  }

  /** Of the shard whose clock differs most. */
  function findDifference(): number | undefined {
    const differences = Array.from(states.values(), ({ aheadSeconds }) => aheadSeconds);
    return differences.sort((one, other) => Math.abs(other) - Math.abs(one))[0];
  }

  return {
    noteState(shard, state) {
      const isNew = states.get(shard)?.epoch !== state.epoch;
      states.set(shard, state);
      failures.delete(shard);
      if (isNew) epoch = combine();
    },
    noteFailure(shard, code) {
      failures.set(shard, code);
    },
    noteTolerance(seconds) {
      toleranceSeconds = seconds;
    },
    get epoch() {
      return epoch;
    },
    epochOf(shard, judged) {
      return judged === undefined || judged !== epoch ? '' : (states.get(shard)?.epoch ?? '');
    },
    get failure() {
      const [first] = failures.values();
      return first;
    },
    get isKnown() {
      return states.size === shardCount;
    },
    get clock() {
      const clockDifferenceSeconds = findDifference();
      return clockDifferenceSeconds === undefined ? {} : { clockDifferenceSeconds };
    },
    get refusal() {
      if (Math.abs(findDifference() ?? 0) > toleranceSeconds + 1) return 'ERR_REPLAY_STORE_CLOCK';
      const isGuarded = ({ lostAt, now }: ShardState) => now <= lostAt + guardSeconds(toleranceSeconds);
      return Array.from(states.values()).some(isGuarded) ? 'ERR_REPLAY_STORE_FORGOTTEN' : undefined;
    },
  };
}

/**
 * How far ahead of the clock of Redis a proof that it records may be dated: the clock of the agent and that of the
 * process may each differ by the tolerance, and a second is for fractions. Proofs that were recorded before a loss are
 * dated no later than that after it.
 */
export function guardSeconds(toleranceSeconds: number): number {
  return 2 * toleranceSeconds + 1;
}
