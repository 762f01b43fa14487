import { beforeEach, describe, expect, it } from 'vitest';
import { HolderCounts } from './holder-counts.ts';

let counts: HolderCounts;

beforeEach(() => {
  counts = new HolderCounts();
});

describe('the counts of holders', () => {
  it('say how many proofs a holder has, and how many holders have any', () => {
    counts.increment(7);
    counts.increment(7);
    counts.increment(8);
    expect([counts.get(7), counts.get(8), counts.get(9)]).toEqual([2, 1, 0]);
    expect(counts.active).toBe(2);
  });

  it('lose what others have counted, and the holders that have nothing left', () => {
    const others = new HolderCounts();
    for (const counter of [7, 7, 8, 0, 32_767]) counts.increment(counter);
    for (const counter of [7, 8, 32_767]) others.increment(counter);
    counts.subtract(others);
    expect([counts.get(7), counts.get(8), counts.get(0), counts.get(32_767)]).toEqual([1, 0, 1, 0]);
    expect(counts.active).toBe(2);
  });

  it('spread holders over all counters', () => {
    const holders = Array.from({ length: 100_000 }, (_, index) => `holder ${index}`);
    const perCounter = new Map<number, number>();
    for (const holder of holders) {
      const counter = HolderCounts.counterOf(holder);
      perCounter.set(counter, (perCounter.get(counter) ?? 0) + 1);
    }
    // Three on the average; by chance alone, 31,200 counters have one at least, and none has more than 16.
    expect(perCounter.size).toBeGreaterThan(30_000);
    expect(Math.max(...perCounter.values())).toBeLessThan(30);
    expect(Math.min(...perCounter.keys())).toBeGreaterThanOrEqual(0);
    expect(Math.max(...perCounter.keys())).toBeLessThan(32_768);
  });
});
