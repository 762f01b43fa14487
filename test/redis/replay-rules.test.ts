import { createRedisStores } from '@gatehouse/redis';
import { replayStoreRules } from '@gatehouse/testing';
import { Cluster, Redis } from 'ioredis';
import { Cluster as Cluster5, Redis as Redis5 } from 'ioredis-5';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { startCluster } from './cluster.mjs';
import { type RedisServer, startRedis } from './servers.mjs';
import { age } from './stores.ts';
import { waitUntil } from './wait-until.mjs';

let server: RedisServer;
let cluster: Awaited<ReturnType<typeof startCluster>>;
beforeAll(async () => {
  [server, cluster] = await Promise.all([startRedis(), startCluster()]);
}, 60_000);
afterAll(() => Promise.all([server.stop(), cluster.stop()]));

/** What applications may have set, and what must not matter. */
const clients: Readonly<Record<string, () => Redis | Cluster>> = {
  'ioredis as it is by default': () => new Redis(server.options),
  'a client that queues, retries and sends again': () =>
    new Redis({ ...server.options, maxRetriesPerRequest: null, reconnectOnError: () => 2 }),
  'a client that gathers commands by itself': () => new Redis({ ...server.options, enableAutoPipelining: true }),
  'a client with another database and a prefix of its own': () =>
    new Redis({ ...server.options, db: 3, keyPrefix: 'app:' }),
  'a client that connects late, reads from replicas, gets numbers as text and waits for nothing': () =>
    new Redis({ ...server.options, lazyConnect: true, readOnly: true, stringNumbers: true, commandTimeout: 50 }),
  'a Cluster': () => new Cluster(cluster.nodes),
  'a Cluster that reads from replicas and asks again': () =>
    new Cluster(cluster.nodes, { scaleReads: 'all', lazyConnect: true, enableAutoPipelining: true, keyPrefix: 'app:' }),
  // The types of the two versions differ in private members.
  'ioredis 5': () => new Redis5(server.options) as unknown as Redis,
  'a Cluster of ioredis 5': () => new Cluster5(cluster.nodes) as unknown as Cluster,
};

describe.concurrent.each(Object.entries(clients))('the replay store beside %s', (_kind, makeClient) => {
  let client: Redis | Cluster;
  beforeAll(async () => {
    client = makeClient();
    client.on('error', () => undefined);
    const stores = createRedisStores(client, { timeoutSeconds: 2 });
    await waitUntil(async () => stores.ready().then(() => true));
    await stores.close();
    // What this client waits for is nothing to the stores, but it is to the client.
    await waitUntil(async () => age(client).then(() => true));
  });
  afterAll(() => client.disconnect());

  test.each(replayStoreRules)('$rule', async ({ check }) => {
    await check(async () => {
      const stores = createRedisStores(client, { timeoutSeconds: 2 });
      await stores.ready();
      return stores.replay;
    });
  });
});
