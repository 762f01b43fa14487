/** What a user of Redis writes: compiled and run against the packages as they are installed. There is no Redis here. */
import { strict as assert } from 'node:assert';
import { createVerifier, type StoreHealth, UnavailableError } from '@gatehouse/core';
import { createRedisStores, type RedisStores, type RedisStoresOptions } from '@gatehouse/redis';
import { Cluster, Redis } from 'ioredis';

const options: RedisStoresOptions = { prefix: 'app', timeoutSeconds: 0.1 };
const clients = [
  new Redis({ port: 1, lazyConnect: true }),
  new Redis({ sentinels: [{ host: '127.0.0.1', port: 1 }], name: 'main', lazyConnect: true }),
  new Cluster([{ host: '127.0.0.1', port: 1 }], { lazyConnect: true }),
];

for (const client of clients) {
  const stores: RedisStores = createRedisStores(client, options);
  const verifier = createVerifier({
    resource: 'https://api.example.com',
    issuers: ['https://auth.example.com'],
    stores,
  });
  const replay: StoreHealth | undefined = verifier.health().stores.replay;
  assert.equal(replay?.state, 'connecting');
  await assert.rejects(stores.ready(), UnavailableError);
  assert.equal(stores.health().code, 'ERR_REPLAY_STORE_UNAVAILABLE');
  await stores.close();
  client.disconnect();
}
