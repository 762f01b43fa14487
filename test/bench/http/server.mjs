import { once } from 'node:events';

/** One server under load, in a process of its own: `node server.mjs FRAMEWORK APP SETTINGS`, started by measure.mjs. */

/** @typedef {import('../fixtures.mjs').Settings} Settings */
/** @typedef {(settings: Settings) => import('node:http').Server | Promise<import('node:http').Server>} CreateApp */

/**
 * Each with what it needs alone: others take half of the time until a server is up.
 *
 * @type {Readonly<Record<string, () => Promise<Readonly<Record<string, CreateApp>>>>>}
 */
const frameworks = {
  express: async () => (await import('./express.mjs')).expressApps,
  fastify: async () => (await import('./fastify.mjs')).fastifyApps,
  koa: async () => (await import('./koa.mjs')).koaApps,
};

const [framework = '', app = '', settings = '{}'] = process.argv.slice(2);
const apps = await frameworks[framework]?.();
const server = await apps?.[app]?.(JSON.parse(settings));
if (server === undefined) throw new Error(`There is no app "${app}" of ${framework}.`);

server.keepAliveTimeout = 60_000; // connections of the benchmark rest while other servers have their turn
await once(server.listen(0, '127.0.0.1'), 'listening');
process.on('disconnect', () => process.exit());
// Whatever the parent says is the question how much processor time has been used so far.
process.on('message', () => process.send?.(process.cpuUsage()));
process.send?.(server.address());
