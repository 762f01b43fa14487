import { randomBytes } from 'node:crypto';
import { type ReplayProof, UnavailableError } from '@gatehouse/core';
import { createRedisStores, type RedisStores, type RedisStoresOptions } from '@gatehouse/redis';
import { type Cluster, Redis, type RedisOptions } from 'ioredis';
import { onTestFinished } from 'vitest';
import { type RedisServer, startRedis } from './servers.mjs';
import { waitUntil } from './wait-until.mjs';

/** What ioredis may be told; without what it makes types of. */
type ClientOptions = Omit<RedisOptions, 'replyMapping'>;

/** A server of its own, which is gone when the test is over. */
export async function startServer(options: Parameters<typeof startRedis>[0] = {}): Promise<RedisServer> {
  const server = await startRedis(options);
  onTestFinished(() => server.stop());
  return server;
}

/** A client as an application has it. It is closed when the test is over. */
export function openClient({ options }: RedisServer, changes: ClientOptions = {}): Redis {
  const client = new Redis({ ...options, ...changes });
  client.on('error', () => undefined);
  onTestFinished(() => client.disconnect());
  return client;
}

/** Stores on a client of their own. They are closed when the test is over. */
export function openStores(
  server: RedisServer,
  options: RedisStoresOptions = {},
  client: ClientOptions = {},
): RedisStores {
  const stores = createRedisStores(openClient(server, client), options);
  onTestFinished(() => stores.close());
  return stores;
}

/** A proof that nobody else sends, of this moment. Clocks do not differ here, unless a test says so. */
export function prove(changes: Partial<ReplayProof> = {}): ReplayProof {
  const issuedAt = changes.issuedAt ?? Date.now() / 1000;
  return { key: randomBytes(16), issuedAt, expiresAt: issuedAt + 61, holder: 'x', toleranceSeconds: 0, ...changes };
}

/** The answer of a store, or the code of its refusal. */
export async function ask({ replay }: RedisStores, proof: ReplayProof): Promise<string> {
  try {
    return await replay.record(proof);
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    return error.code;
  }
}

/** Waits until new proofs are answered like this. */
export function waitForAnswer(stores: RedisStores, answer: string): Promise<void> {
  return waitUntil(async () => (await ask(stores, prove())) === answer);
}

/** As if the store had had its memory for long: no proof is refused because it may have been forgotten. */
export async function age(client: Redis | Cluster, prefix = 'gatehouse'): Promise<void> {
  const tags = client.isCluster ? shardTags : shardTags.slice(0, 1);
  await Promise.all(tags.map((tag) => client.hset(`${prefix}:{${tag}}:p`, 'lost', 0)));
}

/** As `shards.ts` has them. */
const shardTags = ['u0', 'qp', 'dj', 'wz', 'd2', 'pv', 'uh', 'iy', 'ly', 'h9', 'uv', 'q6', '9s', 'qn', 'dt', 'ha'];
