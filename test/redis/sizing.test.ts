import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { readText } from '../repository.ts';
import { age, ask, openClient, openStores, prove, startServer } from './stores.ts';
import { waitUntil } from './wait-until.mjs';

const page = readText('packages/redis/docs/sizing.md');

/** A number that the page states, where the words around it are these. */
function stated(words: RegExp): number {
  const [, number = ''] = words.exec(page) ?? [];
  return Number(number);
}

const bytesPerProof = stated(/\*\*([\d.]+) bytes\*\* for each proof/);
const megabytesPerSlice = stated(/\*\*([\d.]+) MB\*\* for each slice/);
const sliceSeconds = stated(/slices of ([\d]+) seconds/);
const extraSeconds = stated(/up to ([\d]+) seconds longer/);
/** As `shards.ts` has them. */
const bucketsOfSlice = 16_384;

test('what a proof and a slice of time take in Redis is what the page on sizes says', async () => {
  const server = await startServer();
  const stores = openStores(server, { timeoutSeconds: 4 });
  await stores.ready();
  await age(openClient(server));
  /** Bytes, but for the buffers of connections, which come and go with the size of calls. */
  async function readSize(): Promise<number> {
    const info = String(await server.run('INFO', 'memory'));
    const [all, clients] = ['used_memory', 'mem_clients_normal'].map((name) =>
      Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1]),
    );
    return Number(all) - Number(clients);
  }

  /** The same, once Redis has moved to its larger tables, which it does step by step, a while after they were needed. */
  async function measure(): Promise<number> {
    let sizes: readonly number[] = [];
    await waitUntil(async () => {
      sizes = [...sizes, await readSize()].slice(-10);
      return sizes.length === 10 && new Set(sizes).size === 1;
    });
    return Number(sizes[0]);
  }

  const issuedAt = Math.floor(Date.now() / 1000);
  const buckets = 2048;
  /** A key of one bucket in eight: these are as full as all are by eight times the proofs. */
  const makeKey = (bucket: number) => {
    const key = randomBytes(16);
    key.writeUInt16BE(bucket * (bucketsOfSlice / buckets), 0);
    return key;
  };
  async function fill(perBucket: number, iat: number): Promise<number> {
    for (let round = 0; round < perBucket; round += 1) {
      const proofs = Array.from({ length: buckets }, (_, bucket) =>
        prove({ issuedAt: iat, expiresAt: iat + 600, key: makeKey(bucket) }),
      );
      expect(new Set(await Promise.all(proofs.map((proof) => ask(stores, proof))))).toEqual(new Set(['fresh']));
    }
    return measure();
  }

  // Of another slice, so that the buffers of the connection are there before it is measured.
  await fill(1, issuedAt - 2 * sliceSeconds);
  const before = await measure();
  const withSome = await fill(12, issuedAt);
  const withMany = await fill(48, issuedAt);
  const expected = (perBucket: number) =>
    buckets * (perBucket * bytesPerProof + (megabytesPerSlice * 1e6) / bucketsOfSlice);
  for (const [bytes, perBucket] of [
    [withSome - before, 12],
    [withMany - before, 60],
  ] as const) {
    expect(bytes / expected(perBucket)).toBeGreaterThan(0.75);
    expect(bytes / expected(perBucket)).toBeLessThan(1.25);
  }
});

test('the examples of the page on sizes follow from what it says', () => {
  const rows = [
    ...page.matchAll(/^\| ([\d,]+) \| ([\d.]+) \| ([\d,]+) \| ([\d,]+) \| ([\d.]+) million \| ([\d,]+) MB \|$/gm),
  ];
  expect(rows.length).toBeGreaterThanOrEqual(4);
  for (const row of rows) {
    const [agents = 0, rate = 0, maxAge = 0, perSecond, millions, megabytes] = row
      .slice(1)
      .map((text) => Number(text.replaceAll(',', '')));
    const stays = maxAge + 2 * 5 + 1 + extraSeconds;
    const held = agents * rate * stays;
    expect(perSecond).toBe(agents * rate);
    expect(millions).toBe(Number((held / 1e6).toPrecision(2)));
    const memory = (held * bytesPerProof) / 1e6 + megabytesPerSlice * Math.ceil(stays / sliceSeconds);
    expect(megabytes).toBe(Math.ceil(memory));
  }
});
