import { describe, expect, it } from 'vitest';
import { createFitness, type ShardState } from './fitness.ts';

const lostAt = 1_800_000_000;
const stateOf = (changes: Partial<ShardState> = {}): ShardState => ({
  epoch: 'e',
  lostAt,
  now: lostAt + 100,
  aheadSeconds: 0,
  ...changes,
});

describe('the epoch of all shards', () => {
  it('is known once each of them has answered, and another one whenever one of them has another', () => {
    const fitness = createFitness(2);
    fitness.noteState(0, stateOf());
    expect([fitness.isKnown, fitness.epoch]).toEqual([false, undefined]);
    fitness.noteState(1, stateOf());
    expect(fitness.isKnown).toBe(true);
    const { epoch } = fitness;
    expect(epoch).toMatch(/^[\w-]{43}$/);
    fitness.noteState(1, stateOf({ now: lostAt + 101 }));
    expect(fitness.epoch).toBe(epoch);
    fitness.noteState(1, stateOf({ epoch: 'f' }));
    expect(fitness.epoch).not.toBe(epoch);
  });

  it('proves of a nonce that it was made under the present one of its shard, and of no other', () => {
    const fitness = createFitness(2);
    fitness.noteState(0, stateOf());
    fitness.noteState(1, stateOf({ epoch: 'f' }));
    const judged = fitness.epoch;
    expect([0, 1].map((shard) => fitness.epochOf(shard, judged))).toEqual(['e', 'f']);
    expect(fitness.epochOf(0, undefined)).toBe('');
    fitness.noteState(1, stateOf({ epoch: 'g' }));
    expect([0, 1].map((shard) => fitness.epochOf(shard, judged))).toEqual(['', '']);
  });
});

describe('a shard that has failed', () => {
  it('is unfit until it answers', () => {
    const fitness = createFitness(2);
    fitness.noteFailure(1, 'ERR_REPLAY_STORE_FULL');
    fitness.noteState(0, stateOf());
    expect(fitness.failure).toBe('ERR_REPLAY_STORE_FULL');
    fitness.noteState(1, stateOf());
    expect(fitness.failure).toBeUndefined();
  });
});

describe('why proofs are refused although every shard answers', () => {
  it('is a guard after a loss, for twice the tolerance and a second, of whichever shard', () => {
    const fitness = createFitness(2);
    fitness.noteTolerance(3);
    fitness.noteState(0, stateOf());
    fitness.noteState(1, stateOf({ now: lostAt + 7 }));
    expect(fitness.refusal).toBe('ERR_REPLAY_STORE_FORGOTTEN');
    fitness.noteState(1, stateOf({ now: lostAt + 7.001 }));
    expect(fitness.refusal).toBeUndefined();
  });

  it.each([1, -1])('is a clock that differs by more than the tolerance and a second, in direction %i', (sign) => {
    const fitness = createFitness(2);
    fitness.noteState(0, stateOf({ aheadSeconds: sign * 6 }));
    fitness.noteState(1, stateOf({ aheadSeconds: sign * 0.5 }));
    expect([fitness.refusal, fitness.clock]).toEqual([undefined, { clockDifferenceSeconds: sign * 6 }]);
    fitness.noteTolerance(4.9);
    expect(fitness.refusal).toBe('ERR_REPLAY_STORE_CLOCK');
  });
});
