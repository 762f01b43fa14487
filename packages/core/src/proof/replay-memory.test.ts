import { randomBytes, randomFillSync } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { beforeEach, describe, expect, it } from 'vitest';
import { ConfigurationError, UnavailableError } from '../errors.ts';
import { HolderCounts } from './holder-counts.ts';
import { createMemoryReplayStore, type MemoryReplayStoreOptions } from './replay-memory.ts';
import type { ReplayProof, ReplayStore } from './replay-store.ts';

const start = 1_800_000_000;
let nowSeconds: number;
let store: ReplayStore;

const makeStore = (options: MemoryReplayStoreOptions = {}) =>
  createMemoryReplayStore({ now: () => nowSeconds * 1000, ...options });

beforeEach(() => {
  nowSeconds = start;
  store = makeStore();
});

let proofs = 0;

/** A proof that was made just now, as a verifier with the default settings describes it. */
function prove(changes: Partial<ReplayProof> = {}): ReplayProof {
  const issuedAt = changes.issuedAt ?? nowSeconds;
  proofs += 1;
  const key = Buffer.alloc(16, '0123456789abcdef');
  key.writeUInt32LE(proofs, 6);
  return { key, issuedAt, expiresAt: issuedAt + 65, holder: 'holder', toleranceSeconds: 5, ...changes };
}

/** The answer, or the code and the delay of the refusal. */
function ask(proof: ReplayProof): unknown {
  try {
    return store.record(proof);
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    return [error.code, error.retryAfterSeconds];
  }
}

describe('the replay memory', () => {
  it('calls a proof fresh once [DPOP-23]', () => {
    const proof = prove();
    expect([ask(proof), ask(proof), ask(proof)]).toEqual(['fresh', 'replayed', 'replayed']);
    expect(ask(prove())).toBe('fresh');
  });

  it('remembers a proof until it expires, that moment included [DPOP-26]', () => {
    const proof = prove();
    expect(ask(proof)).toBe('fresh');
    for (const elapsed of [0, 0.001, 16.25, 60, 64.999, 65]) {
      nowSeconds = start + elapsed;
      expect(ask(proof), `after ${elapsed} seconds`).toBe('replayed');
    }
  });

  it('remembers a proof that is dated ahead for as long as it is acceptable [DPOP-26]', () => {
    const ahead = prove({ issuedAt: start + 5 });
    expect(ask(ahead)).toBe('fresh');
    nowSeconds = start + 70;
    expect(ask(prove())).toBe('fresh');
    expect(ask(ahead)).toBe('replayed');
  });

  it('remembers a proof until it expires whatever comes after it [DPOP-26]', () => {
    let acceptable: ReplayProof[] = [];
    for (let count = 0; count < 600; count += 1) {
      nowSeconds = start + count / 2;
      const proof = prove({ issuedAt: nowSeconds + 5 - 13 * (count % 6) });
      expect(ask(proof)).toBe('fresh');
      acceptable = [...acceptable, proof].filter(({ expiresAt }) => expiresAt >= nowSeconds);
      expect(acceptable.filter((known) => ask(known) !== 'replayed')).toEqual([]);
    }
  });

  it.each([0.5, 65, 3600, 86_400])('remembers proofs for %d seconds, and has room again when they are over', (life) => {
    store = makeStore({ maxEntries: 10 });
    for (let count = 0; count < 9; count += 1) expect(ask(prove({ expiresAt: nowSeconds + life }))).toBe('fresh');
    expect(ask(prove({ expiresAt: nowSeconds + life }))).toBe('holder-over-limit');
    nowSeconds += life;
    expect(ask(prove({ expiresAt: nowSeconds + life }))).toBe('holder-over-limit');
    nowSeconds += 0.001;
    expect(ask(prove({ expiresAt: nowSeconds + life }))).toBe('fresh');
  });

  it('lets proofs go at most a third of their time after they expire, while others come', () => {
    store = makeStore({ maxEntries: 1000 });
    // Ten a second for 87 seconds are 870, which is not nearly full yet.
    for (let count = 0; count < 20_000; count += 1) {
      if (ask(prove()) !== 'fresh') expect.fail(`refused after ${nowSeconds - start} seconds`);
      nowSeconds += 0.1;
    }
  });

  it('calls a proof that comes after it has expired fresh once at the most', () => {
    const late = prove({ issuedAt: start - 66 });
    expect(ask(late)).toBe('fresh');
    expect(ask(late)).not.toBe('fresh');
    nowSeconds += 3600;
    expect(ask(late)).not.toBe('fresh');
  });

  it.each([
    ['too short', { key: randomBytes(15) }],
    ['too long', { key: randomBytes(32) }],
    ['without an end', { expiresAt: Number.POSITIVE_INFINITY }],
    ['without a time', { expiresAt: Number.NaN }],
  ])('takes a proof that is %s for the mistake that it is', (_, changes) => {
    expect(() => store.record(prove(changes))).toThrow(TypeError);
  });

  it.each([
    [{ maxEntries: 0 }, 'maxEntries'],
    [{ maxEntries: 1.5 }, 'maxEntries'],
    [{ maxEntries: 10_000_001 }, 'maxEntries'],
    [{ now: 7 }, 'now'],
    [{ maxAge: 60 }, ''],
  ])('refuses the options %j', (options, path) => {
    const error: unknown = (() => {
      try {
        return createMemoryReplayStore(options as MemoryReplayStoreOptions);
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({ issues: [{ path }] });
  });

  it('goes by the clock of the machine unless it is given another', () => {
    store = createMemoryReplayStore({ maxEntries: 1 });
    const issuedAt = Date.now() / 1000;
    expect(ask(prove({ issuedAt: issuedAt - 3600 }))).toBe('fresh');
    expect(ask(prove({ issuedAt }))).toBe('fresh');
    expect(ask(prove({ issuedAt }))).toBe('holder-over-limit');
  });
});

describe('a clock that jumps', () => {
  it('makes no used proof fresh by being set back a little [DPOP-23]', () => {
    const proof = prove();
    ask(proof);
    for (const back of [1, 30, 3600, 86_400]) {
      nowSeconds = start - back;
      expect(ask(proof)).toBe('replayed');
    }
  });

  it('makes no used proof fresh by running ahead and being set back [DPOP-23]', () => {
    const [used, unused] = [prove(), prove()];
    expect(ask(used)).toBe('fresh');
    nowSeconds = start + 86_400;
    expect(ask(prove())).toBe('fresh');
    nowSeconds = start + 1;
    for (const proof of [used, unused]) expect(ask(proof)).toEqual(['ERR_REPLAY_STORE_FORGOTTEN', 1]);
    // What is newer than everything that was forgotten cannot have been used.
    expect(ask(prove())).toBe('fresh');
  });

  it('says how long it takes until new proofs are accepted again', () => {
    ask(prove({ issuedAt: start + 5 }));
    nowSeconds = start + 86_400;
    ask(prove());
    nowSeconds = start - 20;
    expect(ask(prove())).toEqual(['ERR_REPLAY_STORE_FORGOTTEN', 26]);
    nowSeconds += 26;
    expect(ask(prove())).toBe('fresh');
  });

  it('fills the store no faster by being set back: what comes then expires in its time', () => {
    store = makeStore({ maxEntries: 1000 });
    nowSeconds = start + 86_400;
    for (let count = 0; count < 100; count += 1) expect(ask(prove())).toBe('fresh');
    nowSeconds = start;
    for (let count = 0; count < 10_000; count += 1) {
      if (ask(prove()) !== 'fresh') expect.fail(`refused after ${nowSeconds - start} seconds`);
      nowSeconds += 0.125;
    }
  });

  it('costs no memory for every jump', () => {
    const known = Array.from({ length: 200 }, () => prove({ expiresAt: start + 86_400 }));
    const before = measureMemory();
    for (const [index, proof] of known.entries()) {
      nowSeconds = index % 2 === 0 ? start : start + 80_000;
      expect(ask(proof)).toBe('fresh');
    }
    expect(measureMemory() - before).toBeLessThan(5_000_000);
    for (const proof of known) expect(ask(proof)).toBe('replayed');
  });

  it('loses nothing by a clock that says nothing', () => {
    const [earlier, later] = [prove(), prove()];
    ask(earlier);
    nowSeconds = Number.NaN;
    expect([ask(earlier), ask(later), ask(later)]).toEqual(['replayed', 'fresh', 'replayed']);
    nowSeconds = start;
    expect([ask(earlier), ask(later), ask(prove())]).toEqual(['replayed', 'replayed', 'fresh']);
  });
});

describe('a replay memory that is nearly full', () => {
  /** No two of them share a counter. */
  const holders = [
    ...new Map(Array.from({ length: 300 }, (_, index) => [HolderCounts.counterOf(`${index}`), `${index}`])).values(),
  ];
  const [noisy = '', ...others] = holders;

  function fill(count: number, holder: string): void {
    for (let index = 0; index < count; index += 1) expect(ask(prove({ holder }))).toBe('fresh');
  }

  beforeEach(() => {
    store = makeStore({ maxEntries: 100 });
  });

  it('holds nobody back before', () => {
    fill(90, noisy);
  });

  it('holds back who has more than a fair share, and nobody else until nothing is left', () => {
    fill(90, noisy);
    expect(ask(prove({ holder: noisy }))).toBe('holder-over-limit');
    for (const holder of others.slice(0, 10)) {
      fill(1, holder);
      expect(ask(prove({ holder: noisy }))).toBe('holder-over-limit');
    }
    expect(ask(prove({ holder: others[10] ?? '' }))).toEqual(['ERR_REPLAY_STORE_FULL', 66]);
    expect(ask(prove({ holder: noisy }))).toBe('holder-over-limit');
  });

  it('divides itself by the holders that it has, and one more', () => {
    const [second = '', third = ''] = others;
    fill(60, noisy);
    fill(29, second);
    fill(1, third);
    // A quarter for each of the three, and for one that is not there yet.
    for (const holder of [noisy, second]) expect(ask(prove({ holder }))).toBe('holder-over-limit');
    fill(10, third);
    expect(ask(prove({ holder: third }))).toEqual(['ERR_REPLAY_STORE_FULL', 66]);
  });

  it('knows a proof that it has, for whoever is held back too [DPOP-23]', () => {
    const proof = prove({ holder: noisy });
    ask(proof);
    fill(89, noisy);
    expect(ask(proof)).toBe('replayed');
    fill(10, others[0] ?? '');
    expect(ask(proof)).toBe('replayed');
  });

  it('records no proof that it holds back or has no room for', () => {
    const [early, late] = [
      prove({ holder: noisy, issuedAt: start + 5 }),
      prove({ holder: others[20] ?? '', issuedAt: start + 5 }),
    ];
    fill(90, noisy);
    expect(ask(early)).toBe('holder-over-limit');
    for (const holder of others.slice(0, 10)) fill(1, holder);
    expect(ask(late)).toEqual(['ERR_REPLAY_STORE_FULL', 66]);
    nowSeconds += 66;
    expect([ask(early), ask(late)]).toEqual(['fresh', 'fresh']);
  });

  it('never lets go of a proof that is still acceptable, and never holds more than it may [DPOP-24 DPOP-26]', () => {
    const known = holders.slice(0, 100).map((holder) => prove({ holder }));
    for (const proof of known) expect(ask(proof)).toBe('fresh');
    for (const holder of holders.slice(100)) expect(ask(prove({ holder }))).toEqual(['ERR_REPLAY_STORE_FULL', 66]);
    for (const proof of known) expect(ask(proof)).toBe('replayed');
  });

  it('forgets what holders had, with their proofs', () => {
    fill(30, noisy);
    for (const holder of others.slice(0, 40)) fill(1, holder);
    nowSeconds += 66;
    fill(60, others[0] ?? '');
    fill(30, noisy);
    // A third is its share now, of which it has thirty.
    fill(4, noisy);
    expect(ask(prove({ holder: noisy }))).toBe('holder-over-limit');
  });

  it('counts holders that share a counter as one', () => {
    const names = new Map<number, string>();
    let pair: readonly string[] = [];
    for (let index = 0; pair.length === 0; index += 1) {
      const counter = HolderCounts.counterOf(`agent ${index}`);
      const same = names.get(counter);
      if (same !== undefined) pair = [same, `agent ${index}`];
      names.set(counter, `agent ${index}`);
    }
    const [first = '', second = ''] = pair;
    fill(90, first);
    expect(ask(prove({ holder: second }))).toBe('holder-over-limit');
  });
});

describe('a million proofs', () => {
  it('take at most 30 bytes each, all counted, and give them back once they expire', { timeout: 60_000 }, () => {
    const bytes = randomFillSync(Buffer.alloc(16_000_000));
    const holders = Array.from({ length: 1000 }, () => randomBytes(32).toString('base64url'));
    const describeProof = (index: number): ReplayProof => ({
      key: bytes.subarray(16 * index, 16 * index + 16),
      issuedAt: nowSeconds,
      expiresAt: nowSeconds + 65,
      holder: holders[index % 1000] ?? '',
      toleranceSeconds: 5,
    });
    const before = measureMemory();
    for (let index = 0; index < 1_000_000; index += 1) {
      if (store.record(describeProof(index)) !== 'fresh') expect.fail('refused a proof that it never saw');
      const count = index + 1;
      if (count < 800_000 || count % 100_000 !== 0) continue;
      expect((measureMemory() - before) / count).toBeLessThanOrEqual(30);
    }
    for (let index = 0; index < 1_000_000; index += 1000) expect(ask(describeProof(index))).toBe('replayed');
    nowSeconds += 88;
    expect(ask(prove())).toBe('fresh');
    expect(measureMemory() - before).toBeLessThan(1_000_000);
  });
});

/** What is in use, in bytes. */
function measureMemory(): number {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  collect();
  // Buffers that the first one found are freed meanwhile.
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
