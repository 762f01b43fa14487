import { createGatehouse, createRevocationEndpoint } from '@gatehouse/express';
import { createRedisStores } from '@gatehouse/redis';
import express from 'express';
import { Redis } from 'ioredis';

// One process of several: what they share is in Redis.
const { RESOURCE: resource, ISSUER: issuer, REDIS_PORT, REVOCATION_KEY } = process.env;
const redis = new Redis(Number(REDIS_PORT));
const keys = [Buffer.from(REVOCATION_KEY, 'base64')];
const stores = createRedisStores(redis, { timeoutSeconds: 2, revocations: { keys } });

const { requireAgent, serve, verifier } = createGatehouse({
  resource,
  issuers: [{ issuer, claims: { task: ['task_id'] } }],
  stores,
});

const app = express();
app.use(serve(createRevocationEndpoint(verifier, { adminScope: 'revocations:write' })));
app.get('/data', requireAgent('read:data'), (req, res) => {
  res.json({ task: req.agent.task.id });
});

await verifier.ready();
// This Redis is new, and nothing was ever revoked in it. You would do this once, when you set it up.
await stores.revocations.vouch();
const server = app.listen(0, '127.0.0.1', () => process.send(`http://127.0.0.1:${server.address().port}`));

process.once('disconnect', async () => {
  server.closeAllConnections();
  server.close();
  await verifier.close();
  await stores.close();
  redis.disconnect();
});
