import { expect, test } from 'vitest';
import { startRedis } from '../redis/servers.mjs';
import { adapters } from './adapters.mjs';
import { createBoundClient } from './bound-client.ts';
import { sendRequest } from './http.ts';
import { startPair } from './pair.ts';
import { startContractServer } from './start.ts';

const AUDIENCE = 'https://api.example.com';
const message = { claims: { scope: 'read:data' }, proof: { htu: `${AUDIENCE}/read` } };
/** For a poll: the machine may be busy with other tests. */
const patience = { timeout: 20_000 };

test('of 200 copies of one proof that come to three processes at once, one is accepted [DPOP-23]', async () => {
  await using redis = await startRedis();
  const [first, ...others] = Object.keys(adapters);
  // Patient: two hundred requests are under way on a machine that may be busy.
  const environment = { AUDIENCE, REDIS_URL: redis.url, REDIS_TIMEOUT_MS: '4000', CLOCK_TOLERANCE: '0' };
  await using pair = await startPair({ ADAPTER: first, ...environment });
  const ISSUER = pair.issuer.issuer;
  await using second = await startContractServer({ ADAPTER: others[0], ISSUER, ...environment });
  await using third = await startContractServer({ ADAPTER: others[1], ISSUER, ...environment });
  const origins = [pair, second, third].map(({ url }) => url);

  const client = await createBoundClient(pair);
  for (const origin of origins) {
    await expect.poll(async () => (await client.send('/read', { ...message, origin })).status, patience).toBe(200);
  }
  for (const _ of [1, 2, 3]) {
    const lines = await client.lines('/read', message);
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, copy) => sendRequest(`${origins[copy % origins.length]}/read`, { lines })),
    );
    const refused = answers.filter(({ status }) => status !== 200);
    expect(refused).toHaveLength(199);
    const challenges = [{ scheme: 'DPoP', error: 'invalid_dpop_proof' }, { scheme: 'Bearer' }];
    for (const answer of refused) expect(answer).toMatchObject({ status: 401, challenges });
  }
});
