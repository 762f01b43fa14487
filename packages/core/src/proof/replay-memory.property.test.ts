import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UnavailableError } from '../errors.ts';
import { createMemoryReplayStore } from './replay-memory.ts';
import type { ReplayProof, ReplayStore } from './replay-store.ts';

const start = 1_800_000_000;
const maxAgeSeconds = 60;
const toleranceSeconds = 5;
/** A proof stays for as long as it is acceptable, and a third longer. */
const longestStay = ((maxAgeSeconds + 2 * toleranceSeconds) * 4) / 3;

/** One request: how the clock moved since the last one, and which proof comes. */
const steps = (jump: fc.Arbitrary<number>) =>
  fc.array(
    fc.record({
      jump,
      key: fc.nat({ max: 255 }),
      holder: fc.constantFrom('a', 'b', 'c'),
      age: fc.oneof(fc.constantFrom(-5, 0, 65), fc.double({ min: -5, max: 65, noNaN: true })),
      /** Or the proof of an earlier request: one of the last ones. */
      again: fc.option(fc.nat({ max: 20 }), { freq: 2 }),
    }),
    { minLength: 1, maxLength: 100, size: 'max' },
  );

type Step = ReturnType<typeof steps> extends fc.Arbitrary<readonly (infer One)[]> ? One : never;

const forwards = fc.oneof(
  { weight: 8, arbitrary: fc.double({ min: 0, max: 4, noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(65, 70, 3600) },
);
const anyway = fc.oneof(
  { weight: 4, arbitrary: forwards },
  { weight: 1, arbitrary: forwards.map((seconds) => -seconds) },
);

function ask(store: ReplayStore, proof: ReplayProof): string {
  try {
    return String(store.record(proof));
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    return error.code;
  }
}

/** What the store may answer, and what follows from what it did answer. */
interface Model {
  expect(proof: ReplayProof, now: number): readonly string[];
  learn(proof: ReplayProof, now: number): void;
}

function play(script: readonly Step[], maxEntries: number, model: Model): void {
  let milliseconds = start * 1000;
  const store = createMemoryReplayStore({ maxEntries, now: () => milliseconds });
  const sent: ReplayProof[] = [];
  for (const { jump, key, holder, age, again } of script) {
    milliseconds += jump * 1000;
    const now = milliseconds / 1000;
    const issuedAt = now - age;
    const expiresAt = issuedAt + maxAgeSeconds + toleranceSeconds;
    const proof = sent.at(-1 - (again ?? sent.length)) ?? {
      key: new Uint8Array(16).fill(key),
      issuedAt,
      expiresAt,
      holder,
      toleranceSeconds,
    };
    sent.push(proof);
    const expected = model.expect(proof, now);
    const answer = ask(store, proof);
    if (!expected.includes(answer)) expect.fail(`answers ${answer} where ${expected} is right`);
    if (answer === 'fresh') model.learn(proof, now);
  }
}

/** Whatever the clock says, a proof is accepted once; and one that has never been too old is not refused as if it had. */
function modelAnyClock(): Model {
  const accepted = new Set<string>();
  const keys = new Set<string>();
  let latest = Number.NEGATIVE_INFINITY;
  const nameOf = ({ key, issuedAt }: ReplayProof) => `${key} ${issuedAt}`;
  return {
    expect(proof, now) {
      latest = Math.max(latest, now);
      const forgotten = proof.expiresAt < latest ? ['ERR_REPLAY_STORE_FORGOTTEN'] : [];
      if (accepted.has(nameOf(proof))) return ['replayed', ...forgotten];
      return ['fresh', ...forgotten, ...(keys.has(`${proof.key}`) ? ['replayed'] : [])];
    },
    learn(proof) {
      accepted.add(nameOf(proof));
      keys.add(`${proof.key}`);
    },
  };
}

/** A map that forgets nothing. The store is full, or nearly so, only when as many proofs came in the time that they stay. */
function modelMap(maxEntries: number): Model {
  const accepted = new Map<string, { readonly at: number; readonly until: number }>();
  const count = (isCounted: (entry: { readonly at: number; readonly until: number }) => boolean) =>
    [...accepted.values()].filter(isCounted).length;
  return {
    expect({ key, expiresAt }, now) {
      const known = accepted.get(`${key}`);
      if (known !== undefined && known.until >= now) return ['replayed'];
      const isRoomy = count(({ at }) => at + longestStay >= now) < maxEntries * 0.9;
      const isFull = count(({ until }) => until >= now) >= maxEntries;
      return [
        ...(isFull ? [] : ['fresh']),
        ...(isRoomy ? [] : ['holder-over-limit', 'ERR_REPLAY_STORE_FULL']),
        ...(known === undefined ? [] : ['replayed']),
        ...(expiresAt < now ? ['ERR_REPLAY_STORE_FORGOTTEN'] : []),
      ];
    },
    learn({ key, expiresAt }, at) {
      accepted.set(`${key}`, { at, until: expiresAt });
    },
  };
}

describe('the replay memory, for any requests,', () => {
  it('accepts a proof once at the most, whatever the clock does [DPOP-23 DPOP-26]', () => {
    fc.assert(fc.property(steps(anyway), (script) => play(script, 1000, modelAnyClock())));
  });

  it('agrees with a map, and is full only when it must be [DPOP-23 DPOP-26]', () => {
    const sizes = fc.constantFrom(1, 2, 10, 20, 1000);
    fc.assert(fc.property(steps(forwards), sizes, (script, size) => play(script, size, modelMap(size))));
  });
});
