import { randomBytes } from 'node:crypto';
import { createMemoryReplayStore } from '@gatehouse/core';
import { createRedisStores } from '@gatehouse/redis';
import { Cluster, Redis } from 'ioredis';
import { startCluster } from '../redis/cluster.mjs';
import { startRedis } from '../redis/servers.mjs';
import { waitUntil } from '../redis/wait-until.mjs';
import { expect, measureInProcess } from './in-process.mjs';
import { alternate, percentile } from './measure.mjs';
import { createGatehouseSubject, createPresenter } from './present.mjs';

/** @typedef {import('./fixtures.mjs').Fixture} Fixture */
/** @typedef {import('@gatehouse/core').ReplayStore} ReplayStore */
/** @typedef {import('../redis/servers.mjs').RedisServer} RedisServer */
/** @typedef {Awaited<ReturnType<typeof connect>>} Subject a replay store and the servers behind it */

/** How long the bench waits for an answer: it looks for the limit, and a busy machine is none. */
const timeoutSeconds = 4;

/**
 * A verifier with its used proofs in memory, and one with them in Redis; both get the same proofs in the same order.
 *
 * @param {Fixture} fixture
 * @param {import('./in-process.mjs').Effort} effort
 */
export function compareStores(fixture, effort) {
  return withServer(async ({ store }) => {
    const present = createPresenter(fixture);
    /** @param {string} name @param {ReplayStore} replay */
    async function createCase(name, replay) {
      const options = { clockToleranceSeconds: 0, stores: { replay } };
      return { ...present(name, await createGatehouseSubject(fixture, options)), inFlight: 64 };
    }
    const cases = [await createCase('in memory', createMemoryReplayStore()), await createCase('in Redis', store)];
    return await measureInProcess(cases, effort);
  });
}

/** Asks nobody: what it takes at a rate is the pauses of the machine and of this process. @type {ReplayStore} */
const nobody = { record: () => new Promise((resolve) => setImmediate(resolve, 'fresh')) };

/**
 * What Redis adds to a request: proofs come at their rate, whatever became of the ones before, and the time counts from
 * when each was to come. The first row is what it takes without Redis.
 *
 * @param {{ readonly rounds: number, readonly seconds: number }} effort
 */
export function measureLatency({ rounds, seconds }) {
  return withServer(async ({ store, cpu }) => {
    const cases = [
      { name: '10,000 proofs/s, nobody is asked', store: nobody, rate: 10_000 },
      ...[1000, 5000, 10_000].map((rate) => ({ name: `${rate.toLocaleString('en')} proofs/s`, store, rate })),
    ];
    await sendAtRate({ store, cpu }, 1000, 0.5); // warms up
    return await alternate(cases, rounds, (one) => sendAtRate({ store: one.store, cpu }, one.rate, seconds));
  });
}

/** @param {Pick<Subject, 'store' | 'cpu'>} subject @param {number} rate @param {number} seconds */
async function sendAtRate({ store, cpu }, rate, seconds) {
  const count = Math.round(rate * seconds);
  /** @type {number[]} */
  const latencies = [];
  /** @type {Promise<void>[]} */
  const answers = [];
  const cpuBefore = await cpu();
  const start = performance.now();
  /** @param {number} due */
  const send = async (due) => {
    await recordNew(store);
    latencies.push(performance.now() - due);
  };
  while (answers.length < count) {
    const now = performance.now();
    while (answers.length < count && start + (answers.length * 1000) / rate <= now) {
      answers.push(send(start + (answers.length * 1000) / rate));
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(answers);
  const perSecond = (count * 1000) / (performance.now() - start);
  const cpuMicroseconds = ((await cpu()) - cpuBefore) / count;
  return { perSecond, p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99), cpuMicroseconds };
}

/**
 * How many proofs Redis takes when there are always more of them waiting, and what shards bring.
 *
 * @param {{ readonly rounds: number, readonly seconds: number }} effort
 */
export async function measureThroughput({ rounds, seconds }) {
  const server = await startRedis();
  const cluster = await startCluster({ masters: 3 });
  const one = await connect(new Redis(server.options), [server]);
  const three = await connect(new Cluster(cluster.nodes), cluster.servers);
  try {
    const cases = [
      { name: 'one server', subject: one },
      { name: 'a Cluster of 3', subject: three },
    ];
    return await alternate(cases, rounds, ({ subject }) => sendWithoutPause(subject, seconds));
  } finally {
    await Promise.all([one.close(), three.close()]);
    await Promise.all([server.stop(), cluster.stop()]);
  }
}

/** @param {Subject} subject @param {number} seconds */
async function sendWithoutPause({ store, cpu }, seconds) {
  const cpuBefore = await cpu();
  const start = performance.now();
  const end = start + seconds * 1000;
  let count = 0;
  async function sendInTurn() {
    while (performance.now() < end) {
      await recordNew(store);
      count += 1;
    }
  }
  await Promise.all(Array.from({ length: 512 }, sendInTurn));
  const perSecond = (count * 1000) / (performance.now() - start);
  const cpuMicroseconds = ((await cpu()) - cpuBefore) / count;
  return { perSecond, cpuMicroseconds, perServer: 1e6 / cpuMicroseconds };
}

/**
 * What proofs of one slice of time take in Redis, names and tables included.
 *
 * @param {readonly number[]} counts in ascending order
 */
export function measureBytes(counts) {
  return withServer(async ({ store, memory }) => {
    const before = await memory();
    const rows = [];
    let recorded = 0;
    for (const count of counts) {
      const start = performance.now();
      for (; recorded < count; recorded += 500) {
        await Promise.all(Array.from({ length: 500 }, () => recordNew(store)));
      }
      const bytes = (await memory()) - before;
      const perSecond = (count * 1000) / (performance.now() - start);
      const sample = { perSecond, cpuMicroseconds: 0, bytesPerProof: bytes / count, megabytes: bytes / 1e6 };
      rows.push({
        name: `${count.toLocaleString('en')} proofs`,
        median: sample,
        ratio: 1,
        cpuRatio: 1,
        rounds: [sample],
      });
    }
    return rows;
  });
}

/** A proof that nobody has used, of a minute's age at most, with all clocks alike. @param {ReplayStore} store */
async function recordNew(store) {
  // In whole seconds, as agents date theirs: what counts from here on must be younger than the guard.
  const issuedAt = Math.floor(Date.now() / 1000);
  const proof = { key: randomBytes(16), issuedAt, expiresAt: issuedAt + 61, toleranceSeconds: 0, holder: 'bench' };
  const answer = await store.record(proof);
  expect(answer === 'fresh', `the store answered "${answer}"`);
}

/** @template Result @param {(subject: Subject) => Promise<Result>} use */
async function withServer(use) {
  const server = await startRedis();
  const subject = await connect(new Redis(server.options), [server]);
  try {
    return await use(subject);
  } finally {
    await subject.close();
    await server.stop();
  }
}

/**
 * Waits until a new server trusts proofs.
 *
 * @param {Redis | Cluster} client
 * @param {readonly RedisServer[]} servers
 */
async function connect(client, servers) {
  const { replay: store, ready, close } = createRedisStores(client, { timeoutSeconds });
  await waitUntil(() => ready().then(() => true));
  // Of a Cluster, every shard.
  await waitUntil(() => Promise.all(Array.from({ length: 64 }, () => recordNew(store))).then(() => true));

  /** @param {string} section @param {RegExp} line the sum of what it finds in all servers */
  async function sum(section, line) {
    const texts = await Promise.all(servers.map((server) => server.run('INFO', section)));
    const values = texts.flatMap((text) => [...String(text).matchAll(line)]).map(([, value]) => Number(value));
    return values.reduce((total, value) => total + value, 0);
  }
  return {
    store,
    /** Microseconds of processor time of Redis so far. */
    cpu: async () => (await sum('cpu', /^used_cpu_(?:user|sys):([\d.]+)/gm)) * 1e6,
    /** Bytes. */
    memory: () => sum('memory', /^used_memory:(\d+)/gm),
    async close() {
      await close();
      client.disconnect();
    },
  };
}
