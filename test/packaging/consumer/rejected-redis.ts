/** What a user of Redis must not write: every line below the marks is an error. */
import { createRedisStores } from '@gatehouse/redis';
import { Redis } from 'ioredis';

// @ts-expect-error a client, not an address
createRedisStores('redis://127.0.0.1');
// @ts-expect-error no such option
createRedisStores(new Redis(), { keyPrefix: 'app:' });
// @ts-expect-error seconds are a number
createRedisStores(new Redis(), { timeoutSeconds: '1' });
