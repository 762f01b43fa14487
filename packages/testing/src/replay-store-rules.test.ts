import { AssertionError } from 'node:assert/strict';
import type { ReplayProof, ReplayStore } from '@gatehouse/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createTestClock } from './clock.ts';
import { replayStoreRules } from './replay-store-rules.ts';

/** What a store does wrong: how it makes a name of a key, how long it remembers, in which steps it works. */
interface Habits {
  readonly now: () => number;
  readonly nameOf: (proof: ReplayProof) => string;
  readonly untilOf: (proof: ReplayProof, nowSeconds: number) => number;
  readonly mostForHolder: number;
  /** Between looking and recording. */
  readonly pause: () => Promise<void> | undefined;
  readonly close: (known: Map<string, number>) => Promise<void>;
}

/** A store as plain as can be: it keeps every rule unless it is given a bad habit. */
function makeStore(habits: Partial<Habits> = {}): ReplayStore {
  const { now = Date.now, nameOf = ({ key }) => Buffer.from(key).toString('hex'), pause, close } = habits;
  const untilOf = habits.untilOf ?? (({ expiresAt }) => expiresAt);
  const known = new Map<string, number>();
  const holders = new Map<string, number>();
  return {
    async record(proof) {
      const name = nameOf(proof);
      if ((known.get(name) ?? Number.NEGATIVE_INFINITY) >= now()) return 'replayed';
      if (pause !== undefined) await pause();
      const count = (holders.get(proof.holder) ?? 0) + 1;
      if (count > (habits.mostForHolder ?? Number.POSITIVE_INFINITY)) return 'holder-over-limit';
      holders.set(proof.holder, count);
      known.set(name, untilOf(proof, now() / 1000) * 1000);
      return 'fresh';
    },
    close: async () => close?.(known),
  };
}

const names = replayStoreRules.map(({ rule }) => rule);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** The rules that such a store breaks. */
async function listBrokenRules(habits: Partial<Habits>): Promise<readonly string[]> {
  const broken: string[] = [];
  for (const { rule, check } of replayStoreRules) {
    const clock = createTestClock();
    await check(() => makeStore({ now: clock.now, ...habits }), clock).catch((error: unknown) => {
      if (!(error instanceof AssertionError)) throw error;
      broken.push(rule);
    });
  }
  return broken;
}

describe('the rules of replay stores', () => {
  it('are kept by a store that does nothing wrong', async () => {
    expect(await listBrokenRules({})).toEqual([]);
    expect(new Set(names).size).toBe(names.length);
  });

  const cases: readonly (readonly [string, Partial<Habits>, readonly string[]])[] = [
    ['forgets at once', { untilOf: () => 0 }, names.filter((name) => !/about to expire|one bit/.test(name))],
    [
      'knows every proof',
      { nameOf: () => '' },
      names.filter((name) => /^(?:takes proofs|takes keys|reads|holds)/.test(name)),
    ],
    [
      'looks, waits and records',
      { pause: () => new Promise((resolve) => setImmediate(resolve)) },
      ['calls one of many identical proofs at the same time fresh'],
    ],
    [
      'shortens keys',
      { nameOf: ({ key }) => hex(key.subarray(0, 15)) },
      ['takes proofs whose keys differ in one bit for different proofs'],
    ],
    [
      'reads keys as text',
      { nameOf: ({ key }) => Buffer.from(key).toString() },
      ['takes keys for bytes, which need not be text'],
    ],
    [
      'ends keys at a zero',
      { nameOf: ({ key }) => hex(key).replace(/^((?:..)*?)00.*$/, '$1') },
      ['takes keys for bytes, which need not be text'],
    ],
    [
      'reads the buffer of a key from its start',
      { nameOf: ({ key }) => hex(new Uint8Array(key.buffer, 0, 16)) },
      ['reads a key from where it lies in its buffer'],
    ],
    [
      'adds the holder to the key',
      { nameOf: ({ key, holder }) => `${hex(key)} ${holder}` },
      ['knows a proof by its key alone, whoever holds it and however old it is'],
    ],
    [
      'adds the time to the key',
      { nameOf: ({ key, issuedAt }) => `${hex(key)} ${issuedAt}` },
      ['knows a proof by its key alone, whoever holds it and however old it is'],
    ],
    [
      'limits every holder',
      { mostForHolder: 500 },
      ['holds nobody back who sends many proofs at once, and knows all of them again'],
    ],
    [
      'remembers for a minute',
      { untilOf: (_proof, now) => now + 60 },
      ['remembers a proof until it expires', 'remembers a proof that is dated ahead until it expires'],
    ],
    [
      'counts the greatest age from when the proof comes',
      { untilOf: (_proof, now) => now + 65 },
      ['remembers a proof that is dated ahead until it expires'],
    ],
    [
      'forgets a moment too early',
      { untilOf: ({ expiresAt }) => expiresAt - 0.001 },
      ['remembers a proof until it expires', 'remembers a proof that is dated ahead until it expires'],
    ],
    [
      'forgets everything when it is closed',
      { close: async (known) => known.clear() },
      ['calls no used proof fresh once it is closed, and may be closed twice'],
    ],
  ];
  it.each(cases)('are broken by a store that %s', async (_, habits, broken) => {
    expect(broken).not.toEqual([]);
    expect(await listBrokenRules(habits)).toEqual(expect.arrayContaining([...broken]));
  });

  it('are broken by a store that cannot be closed twice', async () => {
    let closings = 0;
    const close = async () => {
      closings += 1;
      if (closings > 1) throw new Error('closed already');
    };
    const closing = replayStoreRules.find(({ rule }) => rule.includes('closed twice'));
    await expect(closing?.check(() => makeStore({ close }))).rejects.toThrow('closed already');
  });

  it.each(replayStoreRules)('close the store that they were given: $rule', async ({ check }) => {
    let closings = 0;
    const close = async () => {
      closings += 1;
    };
    const clock = createTestClock();
    await check(async () => makeStore({ now: clock.now, close }), clock);
    await check(() => makeStore({ now: clock.now, untilOf: () => 0, close }), clock).catch(() => undefined);
    expect(closings).toBeGreaterThanOrEqual(2);
  });
});

describe('the rules about time', () => {
  const timed = replayStoreRules.filter(({ rule }) => rule.includes('until it expires'));

  afterEach(() => {
    vi.useRealTimers();
  });

  async function checkByTheMachine(habits: Partial<Habits>): Promise<readonly PromiseSettledResult<void>[]> {
    vi.useFakeTimers();
    const results = Promise.allSettled(timed.map(({ check }) => check(() => makeStore(habits))));
    await vi.advanceTimersByTimeAsync(1500);
    return results;
  }

  it('wait for little more than a second where the store has no clock of its own', async () => {
    const results = await checkByTheMachine({});
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
  });

  it('notice a store that forgets early by the clock of the machine, too', async () => {
    const results = await checkByTheMachine({ untilOf: ({ expiresAt }) => expiresAt - 0.2 });
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });
});
