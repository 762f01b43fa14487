import { createRedisStores } from '@gatehouse/redis';
import { Redis } from 'ioredis';

/**
 * Stores that all processes with the same URL share.
 *
 * @param {{ readonly url: string, readonly timeoutSeconds: number }} settings
 */
export function createStores({ url, timeoutSeconds }) {
  // The stores have a connection of their own; this one says where to, and is never opened.
  return createRedisStores(new Redis(url, { lazyConnect: true }), { timeoutSeconds });
}
