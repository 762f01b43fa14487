export type { RedisStoresOptions } from './options.ts';
