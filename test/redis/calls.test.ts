import { createRedisStores } from '@gatehouse/redis';
import { Cluster } from 'ioredis';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startCluster } from './cluster.mjs';
import type { RedisServer } from './servers.mjs';
import { age, ask, openClient, openStores, prove, startServer } from './stores.ts';

const patient = { timeoutSeconds: 2 };

/** How often a command was called since the last `CONFIG RESETSTAT`. */
async function countCalls(server: RedisServer, command: string): Promise<number> {
  const stats = String(await server.run('INFO', 'commandstats'));
  return Number(new RegExp(`^cmdstat_${command}:calls=(\\d+)`, 'm').exec(stats)?.[1] ?? 0);
}

async function startAged() {
  const server = await startServer();
  const stores = openStores(server, patient);
  await stores.ready();
  await age(openClient(server));
  await server.run('CONFIG', 'RESETSTAT');
  return { server, stores };
}

test('all proofs of one turn of the event loop go in one call, and up to 128 of them', async () => {
  const { server, stores } = await startAged();
  const askFor = (count: number) => Promise.all(Array.from({ length: count }, () => ask(stores, prove())));
  await askFor(1);
  expect(await countCalls(server, 'evalsha')).toBe(1);
  expect(new Set(await askFor(128))).toEqual(new Set(['fresh']));
  expect(await countCalls(server, 'evalsha')).toBe(2);
  await askFor(300);
  expect(await countCalls(server, 'evalsha')).toBe(5);
});

test('a call is made under a clock of turns that stands still, too', async () => {
  const { stores } = await startAged();
  vi.useFakeTimers({ toFake: ['setImmediate'] });
  onTestFinished(() => void vi.useRealTimers());
  expect(await ask(stores, prove())).toBe('fresh');
});

test('copies of a proof in one call are one proof, in the order in which they came', async () => {
  const { stores } = await startAged();
  const proof = prove();
  const answers = await Promise.all([proof, prove(), proof, proof].map((one) => ask(stores, one)));
  expect(answers).toEqual(['fresh', 'fresh', 'replayed', 'replayed']);
});

test('a script that Redis has forgotten is sent in full, once', async () => {
  const { server, stores } = await startAged();
  await server.run('SCRIPT', 'FLUSH');
  expect(await ask(stores, prove())).toBe('fresh');
  expect(await ask(stores, prove())).toBe('fresh');
  expect([await countCalls(server, 'eval'), await countCalls(server, 'evalsha')]).toEqual([1, 2]);
});

test('a call costs little beside its proofs: what is not needed every time is asked once a second', async () => {
  const { server, stores } = await startAged();
  const startedAt = performance.now();
  for (let call = 0; call < 50; call += 1) await ask(stores, prove());
  const seconds = Math.ceil((performance.now() - startedAt) / 1000);
  // Replication in every call; memory and statistics once a second.
  expect(await countCalls(server, 'info')).toBeLessThanOrEqual(50 + 2 * (seconds + 1));
  expect(await countCalls(server, 'hset')).toBeLessThanOrEqual(seconds + 1);
});

test('a proof that could be misread is a mistake of the caller', async () => {
  const { stores } = await startAged();
  const mistakes = [
    { key: new Uint8Array(15) },
    { issuedAt: Number.NaN, expiresAt: Number.NaN },
    { expiresAt: Date.now() / 1000 - 1 },
    { expiresAt: Date.now() / 1000 + 2500 },
    { toleranceSeconds: -1 },
    { toleranceSeconds: Number.NaN },
  ];
  for (const mistake of mistakes) expect(() => stores.replay.record(prove(mistake))).toThrow(TypeError);
  expect(await ask(stores, prove())).toBe('fresh');
});

test('no key is left without an end but the marker, and each is kept for as long as its proofs are acceptable', async () => {
  const { server, stores } = await startAged();
  const lives = [1, 61, 600];
  const now = Date.now() / 1000;
  for (const life of lives) expect(await ask(stores, prove({ issuedAt: now, expiresAt: now + life }))).toBe('fresh');
  const key = new Uint8Array(16);
  const [short, long] = [61, 600].map((life) => prove({ key, issuedAt: now, expiresAt: now + life }));
  expect([await ask(stores, long ?? prove()), await ask(stores, short ?? prove())]).toEqual(['fresh', 'replayed']);
  const keys = (await server.run('KEYS', '*')) as string[];
  const left = await Promise.all(keys.map(async (name) => Number(await server.run('PTTL', name)) / 1000));
  expect(left.filter((seconds) => seconds < 0)).toHaveLength(1);
  const ends = left.filter((seconds) => seconds >= 0).sort((one, other) => one - other);
  expect(ends).toHaveLength(4);
  for (const [index, life] of [1, 61, 600, 600].entries()) {
    expect(ends[index]).toBeGreaterThan(life - 1);
    expect(ends[index]).toBeLessThan(life + 128 + 16 + 2);
  }
});

test('the end of a bucket moves on with a proof that lives longer, and never back', async () => {
  const { server, stores } = await startAged();
  const now = Date.now() / 1000;
  const head = Buffer.alloc(16);
  const inOneBucket = (life: number, last: number) => {
    const key = Buffer.from(head);
    key.writeUInt8(last, 15);
    return prove({ key, issuedAt: now, expiresAt: now + life });
  };
  const findEnd = async () => {
    const [bucket = ''] = ((await server.run('KEYS', '*:p:*')) as string[]).slice(0, 1);
    return Number(await server.run('PEXPIRETIME', bucket));
  };
  const ends: number[] = [];
  for (const [index, life] of [61, 600, 61].entries()) {
    expect(await ask(stores, inOneBucket(life, index))).toBe('fresh');
    ends.push(await findEnd());
  }
  const [first = 0, longer = 0, last] = ends;
  expect(longer - first).toBeCloseTo(539_000, -2);
  expect(last).toBe(longer);
});

test('a Cluster gets one call for each shard that is concerned, and its nodes share the shards', async () => {
  const cluster = await startCluster();
  onTestFinished(() => cluster.stop());
  const client = new Cluster(cluster.nodes);
  client.on('error', () => undefined);
  onTestFinished(() => client.disconnect());
  const stores = createRedisStores(client, patient);
  onTestFinished(() => stores.close());
  await stores.ready();
  await age(client);
  for (const server of cluster.servers) await server.run('CONFIG', 'RESETSTAT');
  const answers = await Promise.all(Array.from({ length: 1000 }, () => ask(stores, prove())));
  expect(new Set(answers)).toEqual(new Set(['fresh']));
  const calls = await Promise.all(cluster.servers.map((server) => countCalls(server, 'evalsha')));
  expect([...calls].sort()).toEqual([5, 5, 6]);
  expect(stores.health()).toMatchObject({ state: 'ready' });
});
