import { deepEqual, doesNotReject, equal } from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { ReplayAnswer, ReplayProof, ReplayStore } from '@gatehouse/core';
import type { TestClock } from './clock.ts';

/** One rule of the contract that every replay store keeps. */
export interface ReplayStoreRule {
  /** The rule, in words that follow the name of a store: `calls a proof fresh once`. */
  readonly rule: string;
  /**
   * Resolves when the store keeps the rule, rejects with an `AssertionError` when it does not. Needs no `this`.
   *
   * @param makeStore Makes the store, which is closed at the end. Stores may share a database: no two rules send the same
   *   proof, in this process or in any other.
   * @param clock The clock that the store goes by. Without one it is the machine's, and rules about time take a second.
   */
  readonly check: (makeStore: () => ReplayStore | Promise<ReplayStore>, clock?: TestClock) => Promise<void>;
}

/** What a rule works with. All times are seconds since the epoch, or numbers of seconds. */
interface Trial {
  readonly store: ReplayStore;
  /** Answers as the store does; also what it throws at once is a rejection. */
  ask(proof: ReplayProof): Promise<ReplayAnswer>;
  now(): number;
  /** Lets time go by until then: by the clock, or by waiting. */
  passUntil(time: number): Promise<void>;
  /** When rules about time begin, how long their proofs are acceptable, and how far dated ahead. */
  readonly times: { readonly start: number; readonly life: number; readonly ahead: number };
}

/** What every replay store does; `check` proves it of yours. */
export const replayStoreRules: readonly ReplayStoreRule[] = [
  rule('calls a proof fresh once, and replayed from then on', async ({ ask, now }) => {
    const proof = makeProof(now());
    deepEqual([await ask(proof), await ask(proof), await ask(proof)], ['fresh', 'replayed', 'replayed']);
  }),

  rule('calls one of many identical proofs at the same time fresh', async ({ ask, now }) => {
    const proof = makeProof(now());
    const answers = await Promise.all(Array.from({ length: 100 }, () => ask({ ...proof, key: proof.key.slice() })));
    deepEqual(tally(answers), { fresh: 1, replayed: 99 });
  }),

  rule('takes proofs whose keys differ in one bit for different proofs', async ({ ask, now }) => {
    const proof = makeProof(now());
    const others = Array.from({ length: 128 }, (_, bit) => ({ ...proof, key: flip(proof.key, bit) }));
    equal(await ask(proof), 'fresh');
    deepEqual(tally(await Promise.all(others.map(ask))), { fresh: 128 });
  }),

  rule('takes keys for bytes, which need not be text', async ({ ask, now }) => {
    const bytes = [0x00, 0x0a, 0x20, 0x22, 0x2c, 0x3a, 0x5c, 0x7b, 0x7d, 0x7f, 0x80, 0x81, 0xc0, 0xfe, 0xff];
    const head = randomBytes(8);
    const tails = bytes.flatMap((byte) => [byte, 0x61, 0x62].map((last) => Buffer.alloc(8, byte).fill(last, 7)));
    const proofs = tails.map((tail) => makeProof(now(), { key: Buffer.concat([head, tail]) }));
    deepEqual(tally(await Promise.all(proofs.map(ask))), { fresh: proofs.length });
    deepEqual(tally(await Promise.all(proofs.map(ask))), { replayed: proofs.length });
  }),

  rule('reads a key from where it lies in its buffer', async ({ ask, now }) => {
    const buffer = randomBytes(48);
    const proof = makeProof(now(), { key: buffer.subarray(7, 23) });
    equal(await ask(proof), 'fresh');
    equal(await ask({ ...proof, key: Uint8Array.from(proof.key) }), 'replayed');
    equal(await ask({ ...proof, key: buffer.subarray(23, 39) }), 'fresh');
  }),

  rule('knows a proof by its key alone, whoever holds it and however old it is', async ({ ask, now }) => {
    const proof = makeProof(now());
    equal(await ask(proof), 'fresh');
    equal(await ask({ ...proof, holder: randomBytes(32).toString('base64url') }), 'replayed');
    equal(await ask({ ...proof, issuedAt: proof.issuedAt - 30, expiresAt: proof.expiresAt - 30 }), 'replayed');
    const later = { issuedAt: proof.issuedAt + 5, expiresAt: proof.expiresAt + 5, toleranceSeconds: 5 };
    equal(await ask({ ...proof, ...later }), 'replayed');
  }),

  rule('holds nobody back who sends many proofs at once, and knows all of them again', async ({ ask, now }) => {
    const holder = randomBytes(32).toString('base64url');
    const proofs = Array.from({ length: 1000 }, () => makeProof(now(), { holder }));
    deepEqual(tally(await Promise.all(proofs.map(ask))), { fresh: 1000 });
    deepEqual(tally(await Promise.all(proofs.map(ask))), { replayed: 1000 });
  }),

  rule('takes a proof that is about to expire', async ({ ask, now }) => {
    equal(await ask(makeProof(now() - 60, { expiresAt: now() + 1 })), 'fresh');
  }),

  rule('remembers a proof until it expires', async (trial) => {
    await remember(trial, trial.times.start);
  }),

  rule('remembers a proof that is dated ahead until it expires', async (trial) => {
    await remember(trial, trial.times.start + trial.times.ahead);
  }),

  rule('calls no used proof fresh once it is closed, and may be closed twice', async ({ store, ask, now }) => {
    const proof = makeProof(now());
    equal(await ask(proof), 'fresh');
    await doesNotReject(async () => store.close?.());
    await doesNotReject(async () => store.close?.());
    equal(await ask(proof).catch(() => 'replayed'), 'replayed');
  }),
];

function rule(text: string, prove: (trial: Trial) => Promise<void>): ReplayStoreRule {
  return {
    rule: text,
    async check(makeStore, clock) {
      const store = await makeStore();
      const now = () => (clock?.now() ?? Date.now()) / 1000;
      const trial: Trial = {
        store,
        ask: async (proof) => store.record(proof),
        now,
        passUntil: async (time) => (clock === undefined ? wait(time - now()) : clock.set(time * 1000)),
        // By a clock as verifiers have it, in whole seconds; else short enough to wait for.
        times:
          clock === undefined
            ? { start: now(), life: 1, ahead: 0.25 }
            : { start: Math.floor(now()), life: 65, ahead: 5 },
      };
      try {
        await prove(trial);
      } finally {
        await store.close?.();
      }
    },
  };
}

/** Records some proofs at once and asks for one after another until they expire: asking twice could keep one alive. */
async function remember({ ask, now, passUntil, times }: Trial, issuedAt: number): Promise<void> {
  const expiresAt = issuedAt + times.life;
  const proofs = Array.from({ length: 10 }, () => makeProof(issuedAt, { expiresAt, toleranceSeconds: times.ahead }));
  deepEqual(tally(await Promise.all(proofs.map(ask))), { fresh: proofs.length });
  for (const [index, proof] of proofs.entries()) {
    await passUntil(times.start + ((expiresAt - times.start) * (index + 1)) / proofs.length);
    const answer = await ask(proof);
    // A machine that was too busy to ask in time has proven nothing.
    if (now() <= expiresAt) equal(answer, 'replayed');
  }
}

/** A proof that nobody else sends. */
function makeProof(issuedAt: number, changes: Partial<ReplayProof> = {}): ReplayProof {
  const holder = 'rules-of-a-replay-store';
  return { key: randomBytes(16), issuedAt, expiresAt: issuedAt + 65, holder, toleranceSeconds: 0, ...changes };
}

function flip(key: Uint8Array, bit: number): Uint8Array {
  return key.map((byte, index) => (index === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
}

function tally(answers: readonly ReplayAnswer[]): Partial<Record<ReplayAnswer, number>> {
  const counts: Partial<Record<ReplayAnswer, number>> = {};
  for (const answer of answers) counts[answer] = (counts[answer] ?? 0) + 1;
  return counts;
}

function wait(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
