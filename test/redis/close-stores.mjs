// @ts-check
import { createRedisStores } from '@gatehouse/redis';
import { Redis } from 'ioredis';

// Opens stores at a port, waits until they know whether anybody is there, and closes them: the process ends by itself.
const client = new Redis({ host: '127.0.0.1', port: Number(process.argv[2]) });
client.on('error', () => undefined);
const stores = createRedisStores(client);
await stores.ready().catch(() => undefined);
await stores.close();
client.disconnect();
