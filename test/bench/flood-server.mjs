import { once } from 'node:events';
import { createServer } from 'node:http';
import { createGatehouse } from '@gatehouse/express';
import express from 'express';

/** The API that is flooded, in a process of its own: `node --expose-gc flood-server.mjs OPTIONS`. */

const { requireAgent, verifier } = createGatehouse(JSON.parse(process.argv[2] ?? '{}'));
const app = express();
app.get('/data', requireAgent(), (_req, res) => {
  res.json({ data: 'for agents' });
});
// Connections of the benchmark may rest for longer than usual.
const server = createServer({ keepAliveTimeout: 60_000 }, app).listen(0, '127.0.0.1');
await Promise.all([once(server, 'listening'), verifier.ready()]);

process.on('disconnect', () => process.exit());
// Whatever the parent says is the question what there is to know.
process.on('message', () => {
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  process.send?.({ heapUsed, rss, introspection: verifier.health().issuers[0]?.introspection });
});
process.send?.(server.address());
