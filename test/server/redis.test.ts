import { expect, test } from 'vitest';
import { type RedisServer, startRedis } from '../redis/servers.mjs';
import { type BoundClient, createBoundClient } from './bound-client.ts';
import { type Answer, sendRequest } from './http.ts';
import { adapterUnderTest, type Pair, startPair } from './pair.ts';
import { startContractServer } from './start.ts';

const claims = { scope: 'read:data' };
const AUDIENCE = 'https://api.example.com';
const proof = { htu: `${AUDIENCE}/read` };
/** For a poll: the machine may be busy with other tests. */
const patience = { timeout: 20_000 };

/**
 * A server whose clock is that of Redis and of its clients: it need not wait long after Redis has lost its memory. Its
 * patience is longer than the default: a busy machine is no outage.
 */
const environmentFor = (redis: RedisServer) => ({
  AUDIENCE,
  REDIS_URL: redis.url,
  REDIS_TIMEOUT_MS: '2000',
  CLOCK_TOLERANCE: '0',
});
const startWith = (redis: RedisServer) => startPair(environmentFor(redis));

const sendProof = (client: BoundClient) => client.send('/read', { claims, proof });
const untilAccepted = (client: BoundClient) =>
  expect.poll(async () => (await sendProof(client)).status, patience).toBe(200);

/** What a proof and a bearer token are answered while Redis is away. */
async function expectOutage(pair: Pair, client: BoundClient): Promise<void> {
  const startedAt = performance.now();
  const { status, headers, challenges, body } = await sendProof(client);
  expect(performance.now() - startedAt).toBeLessThan(6000);
  expect({ status, challenges }).toEqual({ status: 503, challenges: [] });
  expect(headers['retry-after']).toEqual([expect.stringMatching(/^[1-9]\d*$/)]);
  expect(body).not.toMatch(/invalid_token|invalid_dpop_proof|127\.0\.0\.1/);
  expect((await pair.send('/read', claims)).status).toBe(200);
}

function expectReplay({ status, challenges }: Answer): void {
  expect({ status, challenges }).toMatchObject({ status: 401, challenges: [{ error: 'invalid_dpop_proof' }, {}] });
}

test('a proof that one process has accepted is refused by the other one [DPOP-23]', async () => {
  await using redis = await startRedis();
  await using one = await startWith(redis);
  await using other = await startContractServer({
    ADAPTER: adapterUnderTest,
    ISSUER: one.issuer.issuer,
    ...environmentFor(redis),
  });
  const client = await createBoundClient(one);
  await untilAccepted(client);
  const lines = await client.lines('/read', { claims, proof });
  expect((await sendRequest(`${one.url}/read`, { lines })).status).toBe(200);
  expectReplay(await sendRequest(`${other.url}/read`, { lines }));
  expectReplay(await sendRequest(`${one.url}/read`, { lines }));
  expect((await client.send('/read', { claims, proof, origin: other.url })).status).toBe(200);
});

test('bearer tokens are served before Redis is there, proofs when it comes', async () => {
  await using redis = await startRedis();
  await redis.kill();
  await using pair = await startWith(redis);
  const client = await createBoundClient(pair);
  await expectOutage(pair, client);
  await redis.start();
  await untilAccepted(client);
});

test.each<readonly [string, (redis: RedisServer) => unknown, (redis: RedisServer) => unknown]>([
  ['is killed, and comes back without its memory', ({ kill }) => kill(), ({ start }) => start()],
  ['is frozen, and thawed', ({ freeze }) => freeze(), ({ thaw }) => thaw()],
])(
  'a Redis that %s is our outage, which heals by itself, and lets no used proof through [DPOP-25]',
  async (_, harm, heal) => {
    await using redis = await startRedis();
    await using pair = await startWith(redis);
    const client = await createBoundClient(pair);
    await untilAccepted(client);
    const lines = await client.lines('/read', { claims, proof });
    const present = async () => (await sendRequest(`${pair.url}/read`, { lines })).status;
    expect(await present()).toBe(200);
    await harm(redis);
    await expectOutage(pair, client);
    expect(await present()).toBe(503);
    await heal(redis);
    await untilAccepted(client);
    expect([401, 503]).toContain(await present());
  },
);
