import type { AdapterUnderTest } from './api.ts';
import { expressAdapter } from './express.ts';
import { fastifyAdapter } from './fastify.ts';
import { koaAdapter } from './koa.ts';

/** Every adapter: whoever reads the contract reads it for all of them. */
export const adapters: readonly AdapterUnderTest[] = [expressAdapter, fastifyAdapter, koaAdapter];
