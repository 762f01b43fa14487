export type { RedisRevocationOptions, RedisStoresOptions } from './options.ts';
export { createRedisStores, type RedisStores } from './redis-stores.ts';
export type { RedisRevocations } from './revocation-list.ts';
