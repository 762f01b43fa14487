export type { RedisStoresOptions } from './options.ts';
export { createRedisStores, type RedisStores } from './redis-stores.ts';
