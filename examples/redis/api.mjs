import { once } from 'node:events';
import { createGatehouse } from '@gatehouse/express';
import { createRedisStores } from '@gatehouse/redis';
import express from 'express';
import { Redis } from 'ioredis';

/** One process of an API for agents, as a load balancer would have several. */

const { RESOURCE, ISSUER, REDIS_URL } = process.env;
const redis = new Redis(REDIS_URL, { lazyConnect: true });
const stores = createRedisStores(redis, { timeoutSeconds: 2 }); // one machine has it all here, and may be busy

const { requireAgent } = createGatehouse({
  resource: RESOURCE,
  issuers: [ISSUER],
  stores, // all processes accept a proof once, together
  clockToleranceSeconds: 0, // for processes with one clock; leave it out elsewhere
});

const app = express();
app.get('/data', requireAgent({ scopes: ['read:data'], senderConstraint: 'dpop' }), (req, res) => {
  res.json({ onBehalfOf: req.agent.sub });
});

const server = app.listen(0, '127.0.0.1');
await once(server, 'listening');
process.send({ port: server.address().port });
process.once('disconnect', () => process.exit());
