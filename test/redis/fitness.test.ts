import { createVerifier } from '@gatehouse/core';
import { createTestAgent, createTestIssuer } from '@gatehouse/testing';
import { expect, test } from 'vitest';
import { readText } from '../repository.ts';
import { startRelay } from './relay.ts';
import { ask, openStores, prove, startServer, waitForAnswer } from './stores.ts';
import { waitUntil } from './wait-until.mjs';

const patient = { timeoutSeconds: 2 };

/** What the page says that a user needs. */
const [, listed = ''] = /ACL SETUSER api on >\S+ (.+)/.exec(readText('packages/redis/README.md')) ?? [];
const needs = listed.split(' ');

test('a policy that may evict is refused within a second, and what may be gone is guarded once it is corrected', async () => {
  const server = await startServer();
  const stores = openStores(server, patient);
  await waitForAnswer(stores, 'fresh');
  const used = prove();
  expect(await ask(stores, used)).toBe('fresh');
  await server.run('CONFIG', 'SET', 'maxmemory-policy', 'volatile-lru');
  await waitForAnswer(stores, 'ERR_REPLAY_STORE_EVICTS');
  expect(stores.health()).toMatchObject({ state: 'unfit', code: 'ERR_REPLAY_STORE_EVICTS' });
  await expect(stores.ready()).rejects.toMatchObject({ code: 'ERR_REPLAY_STORE_EVICTS' });
  const { epoch } = stores.replay;
  // Everything is dropped, the marker too in the end.
  await server.run('CONFIG', 'SET', 'maxmemory', '1');
  await server.run('SET', 'other', 'x').catch(() => undefined);
  await server.run('CONFIG', 'SET', 'maxmemory', '0', 'maxmemory-policy', 'noeviction');
  await expect(stores.ready()).resolves.toBeUndefined();
  expect(stores.replay.epoch).not.toBe(epoch);
  expect(await ask(stores, used)).not.toBe('fresh');
  await waitForAnswer(stores, 'fresh');
  expect(await ask(stores, used)).not.toBe('fresh');
  expect(stores.health()).toEqual({ state: 'ready', clockDifferenceSeconds: expect.any(Number) });
});

test('evictions that nobody saw begin a new epoch, although the marker and the policy are as they were', async () => {
  const server = await startServer();
  const stores = openStores(server, patient);
  await waitForAnswer(stores, 'fresh');
  const { epoch } = stores.replay;
  // The marker is as it would be if a key was evicted between two calls.
  await server.run('HSET', 'gatehouse:{u0}:p', 'evicted', '7');
  await waitForAnswer(stores, 'ERR_REPLAY_STORE_FORGOTTEN');
  expect(stores.replay.epoch).not.toBe(epoch);
});

test('a replica is refused, and the connection made anew until it leads to a master', async () => {
  const master = await startServer();
  const server = await startServer();
  const stores = openStores(server, patient);
  await waitForAnswer(stores, 'fresh');
  await server.run('REPLICAOF', '127.0.0.1', master.port);
  await waitForAnswer(stores, 'ERR_REPLAY_STORE_READ_ONLY');
  await waitUntil(async () => stores.health().code === 'ERR_REPLAY_STORE_READ_ONLY');
  await server.run('REPLICAOF', 'NO', 'ONE');
  await waitForAnswer(stores, 'fresh');
});

test('a master that was demoted is left for the one that has its address then', async () => {
  const former = await startServer();
  const present = await startServer();
  const way = await startRelay(former.port);
  const stores = openStores(former, patient, way.options);
  await waitForAnswer(stores, 'fresh');
  await former.run('REPLICAOF', '127.0.0.1', present.port);
  await waitForAnswer(stores, 'ERR_REPLAY_STORE_READ_ONLY');
  way.leadTo(present.port);
  await waitForAnswer(stores, 'fresh');
});

test('a replica that takes writes is refused all the same', async () => {
  const master = await startServer();
  const server = await startServer({ replicaOf: master, config: { 'replica-read-only': 'no' } });
  expect(await ask(openStores(server, patient), prove())).toBe('ERR_REPLAY_STORE_UNAVAILABLE');
  await waitForAnswer(openStores(server, patient), 'ERR_REPLAY_STORE_READ_ONLY');
});

test('a master that lacks replicas is refused', async () => {
  const server = await startServer({ config: { 'min-replicas-to-write': '1' } });
  await waitForAnswer(openStores(server, patient), 'ERR_REPLAY_STORE_READ_ONLY');
});

test('a full memory refuses new proofs, knows old ones, and takes proofs again when there is room', async () => {
  const server = await startServer();
  const stores = openStores(server, patient);
  await waitForAnswer(stores, 'fresh');
  const used = prove();
  expect(await ask(stores, used)).toBe('fresh');
  await server.run('CONFIG', 'SET', 'maxmemory', '1');
  await waitForAnswer(stores, 'ERR_REPLAY_STORE_FULL');
  expect(await ask(stores, used)).not.toBe('fresh');
  await waitUntil(async () => stores.health().code === 'ERR_REPLAY_STORE_FULL');
  await server.run('CONFIG', 'SET', 'maxmemory', '0');
  await waitForAnswer(stores, 'fresh');
  expect(await ask(stores, used)).toBe('replayed');
});

test('the permissions that the page lists are enough, and each of them is needed', async () => {
  const server = await startServer();
  const openAs = async (name: string, rules: readonly string[]) => {
    await server.run('ACL', 'SETUSER', name, 'on', '>secret', ...rules);
    // ioredis itself says aloud that it may not ask for INFO, where it is not told to let it be.
    return openStores(server, patient, { username: name, password: 'secret', enableReadyCheck: false });
  };
  await waitForAnswer(await openAs('enough', needs), 'fresh');
  for (const rule of needs.filter((one) => one.startsWith('+'))) {
    const stores = await openAs(
      `without-${rule.slice(1)}`,
      needs.filter((one) => one !== rule),
    );
    // Whoever comes first after that sends the script in full.
    await server.run('SCRIPT', 'FLUSH');
    const code = rule === '+info' ? 'ERR_REPLAY_STORE_INFO' : 'ERR_REPLAY_STORE_PERMISSION';
    await waitForAnswer(stores, code);
    await waitUntil(async () => stores.health().code === code);
  }
  const elsewhere = needs.map((rule) => (rule.startsWith('~') ? '~other:*' : rule));
  await waitForAnswer(await openAs('elsewhere', elsewhere), 'ERR_REPLAY_STORE_PERMISSION');
});

test('a password that is wrong or missing is told as such, and shown nowhere', async () => {
  const server = await startServer({ password: 'right' });
  const wrong = openStores(server, patient, { password: 'secret-of-the-user' });
  await waitUntil(async () => wrong.health().code === 'ERR_REPLAY_STORE_PERMISSION');
  const error: unknown = await wrong.ready().catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'ERR_REPLAY_STORE_PERMISSION' });
  expect(await ask(wrong, prove())).toBe('ERR_REPLAY_STORE_PERMISSION');
  await waitForAnswer(openStores(server, patient), 'fresh');
});

test('an INFO that is renamed away is told as such', async () => {
  const server = await startServer({ config: { 'rename-command': ['INFO', 'hidden'] } });
  await waitForAnswer(openStores(server, patient, { enableReadyCheck: false }), 'ERR_REPLAY_STORE_INFO');
});

test('a proof that Redis cannot believe by its clock is refused: too old, or too far ahead', async () => {
  const server = await startServer();
  const stores = openStores(server, patient);
  await waitForAnswer(stores, 'fresh');
  const now = Date.now() / 1000;
  const code = 'ERR_REPLAY_STORE_CLOCK';
  expect(await ask(stores, prove({ issuedAt: now + 1.5 }))).toBe(code);
  expect(await ask(stores, prove({ issuedAt: now - 70 }))).toBe(code);
  expect(await ask(stores, prove({ issuedAt: now + 10.5, toleranceSeconds: 5 }))).toBe('fresh');
  expect(await ask(stores, prove({ issuedAt: now + 14, toleranceSeconds: 5 }))).toBe(code);
  // Whatever the clock says, a proof that was used was used.
  const ahead = prove({ issuedAt: now + 10, toleranceSeconds: 5 });
  expect(await ask(stores, ahead)).toBe('fresh');
  expect(await ask(stores, { ...ahead, toleranceSeconds: 0 })).toBe('replayed');
});

test('bearer tokens are served whatever Redis says, and DPoP is answered with 503 and Retry-After', async () => {
  const server = await startServer();
  await server.run('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
  await using issuer = await createTestIssuer({ audience: 'https://api.example' });
  const stores = openStores(server, patient);
  const verifier = createVerifier({ resource: 'https://api.example', issuers: [issuer.issuer], stores });
  await waitForAnswer(stores, 'ERR_REPLAY_STORE_EVICTS');
  const check = (headers: Readonly<Record<string, readonly string[]>>) =>
    verifier.check({ method: 'GET', target: '/data', headers });
  const bearer = await check({ authorization: [`Bearer ${await issuer.token()}`] });
  expect(bearer.outcome).toBe('accepted');
  const agent = createTestAgent(issuer, { sub: 'alice' }, { dpop: true });
  const { authorization, dpop } = await agent.headers({ method: 'GET', url: 'https://api.example/data' });
  const refused = await check({ authorization: [authorization], dpop: [dpop] });
  expect(refused).toMatchObject({
    error: { code: 'ERR_REPLAY_STORE_EVICTS' },
    response: { status: 503, headers: { 'retry-after': ['1'] } },
  });
  expect(verifier.health().stores.replay).toMatchObject({ state: 'unfit', code: 'ERR_REPLAY_STORE_EVICTS' });
  await expect(verifier.ready()).rejects.toMatchObject({ code: 'ERR_REPLAY_STORE_EVICTS' });
});
