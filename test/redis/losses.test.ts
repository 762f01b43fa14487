import { createVerifier } from '@gatehouse/core';
import type { RedisStores } from '@gatehouse/redis';
import { createTestAgent, createTestIssuer } from '@gatehouse/testing';
import { describe, expect, test } from 'vitest';
import type { RedisServer } from './servers.mjs';
import { age, ask, openClient, openStores, prove, startServer, waitForAnswer } from './stores.ts';
import { waitUntil } from './wait-until.mjs';

const patient = { timeoutSeconds: 2 };
/** Dated ahead, nearly as far as is recorded: of all proofs, those are acceptable for the longest after a loss. */
const proveAhead = () => prove({ issuedAt: Date.now() / 1000 + 0.9 });

/** Waits until the store is asked and has a memory of its own again. */
async function waitForEpoch({ ready, replay }: RedisStores, other: string | undefined): Promise<void> {
  await waitUntil(async () => {
    await ready();
    return replay.epoch !== other;
  });
}

const ofLog = 'was restarted with a log of its writes';
/** What happens to a server, and what becomes of its data. */
const losses: Readonly<Record<string, (server: RedisServer) => Promise<unknown>>> = {
  'was killed, and started without its data': async (server) => {
    await server.kill();
    await server.start({ keepData: false });
  },
  'was restarted with a snapshot of its data': (server) => server.restart({ keepData: true }),
  [ofLog]: (server) => server.restart({ keepData: true }),
  'was emptied': (server) => server.run('FLUSHALL'),
  'had its database emptied': (server) => server.run('FLUSHDB'),
  'followed a new, empty master, and was promoted': async (server) => {
    const other = await startServer();
    await server.run('REPLICAOF', '127.0.0.1', other.port);
    await waitUntil(async () => String(await server.run('INFO', 'replication')).includes('master_link_status:up'));
    await server.run('REPLICAOF', 'NO', 'ONE');
  },
  'was demoted, reached no master, and was promoted again': async (server) => {
    await server.run('REPLICAOF', '127.0.0.1', '1');
    await server.run('REPLICAOF', 'NO', 'ONE');
  },
  'went by a clock that was set back': async (server) => {
    await server.run('HSET', 'gatehouse:{u0}:p', 'seen', Date.now() / 1000 + 3);
  },
};

describe.each(Object.entries(losses))('a Redis that %s', (what, lose) => {
  test('has no used proof that is accepted again, and begins an epoch', async () => {
    const server = await startServer({ persistence: what === ofLog ? 'aof' : 'rdb' });
    const stores = openStores(server, patient);
    await stores.ready();
    await age(openClient(server));
    const used = Array.from({ length: 20 }, proveAhead);
    const answers = await Promise.all(used.map((proof) => ask(stores, proof)));
    expect(answers).toEqual(used.map(() => 'fresh'));
    const { epoch } = stores.replay;
    await lose(server);
    // One process at a time learns of it: the memory is the same for all.
    const other = openStores(server, patient);
    let refusals = 0;
    await waitUntil(async () => {
      for (const proof of used) {
        const answer = await ask(refusals % 2 === 0 ? other : stores, proof);
        expect(answer).not.toBe('fresh');
        refusals += 1;
      }
      return (await ask(stores, prove())) === 'fresh' && used.every(({ issuedAt }) => issuedAt < Date.now() / 1000);
    });
    expect(stores.replay.epoch).not.toBe(epoch);
    await other.ready();
    expect(other.replay.epoch).toBe(stores.replay.epoch);
  });
});

test.each(['epoch', 'replid', 'evicted', 'lost', 'seen'])('a marker without its %s is none', async (field) => {
  const server = await startServer();
  const stores = openStores(server, patient);
  await waitForAnswer(stores, 'fresh');
  const { epoch } = stores.replay;
  await server.run('HDEL', 'gatehouse:{u0}:p', field);
  await waitForEpoch(stores, epoch);
  expect(await ask(stores, prove({ issuedAt: Date.now() / 1000 - 1 }))).toBe('ERR_REPLAY_STORE_FORGOTTEN');
  await waitForAnswer(stores, 'fresh');
});

test('a replica that is promoted begins an epoch, whatever it has received', async () => {
  const master = await startServer();
  const replica = await startServer({ replicaOf: master });
  const stores = openStores(master, patient);
  await waitForAnswer(stores, 'fresh');
  const used = proveAhead();
  expect(await ask(stores, used)).toBe('fresh');
  await waitUntil(async () => Number(await replica.run('EXISTS', 'gatehouse:{u0}:p')) === 1);
  await master.kill();
  await replica.run('REPLICAOF', 'NO', 'ONE');
  const promoted = openStores(replica, patient);
  await promoted.ready();
  expect(promoted.replay.epoch).not.toBe(stores.replay.epoch);
  expect(await ask(promoted, used)).not.toBe('fresh');
  expect(await ask(promoted, prove({ issuedAt: Date.now() / 1000 - 1 }))).toBe('ERR_REPLAY_STORE_FORGOTTEN');
  await waitForAnswer(promoted, 'fresh');
});

test('the guard lasts as long as it says: twice the tolerance and a second', async () => {
  const server = await startServer();
  const stores = openStores(server, patient);
  await stores.ready();
  const record = async () => stores.replay.record(prove({ toleranceSeconds: 5 }));
  const first: unknown = await record().catch((error: unknown) => error);
  expect(first).toMatchObject({ code: 'ERR_REPLAY_STORE_FORGOTTEN' });
  const { retryAfterSeconds } = first as { readonly retryAfterSeconds: number };
  expect(retryAfterSeconds).toBeGreaterThan(5);
  expect(retryAfterSeconds).toBeLessThanOrEqual(11);
  expect(stores.health()).toMatchObject({ state: 'ready', code: 'ERR_REPLAY_STORE_FORGOTTEN' });
  const lostAt = Number(await server.run('HGET', 'gatehouse:{u0}:p', 'lost'));
  const date = (offset: number) => prove({ issuedAt: lostAt + 11 + offset, toleranceSeconds: 5 });
  expect(await ask(stores, date(0))).toBe('ERR_REPLAY_STORE_FORGOTTEN');
  // A moment later there is nothing that could have been recorded before; but it is in the future still.
  await waitUntil(async () => (await ask(stores, date(0.2))) === 'fresh');
});

test('what a server that has had its memory for long says of an old proof is no guess', async () => {
  const server = await startServer();
  const stores = openStores(server, patient);
  await stores.ready();
  await age(openClient(server));
  const old = prove({ issuedAt: Date.now() / 1000 - 60 });
  expect([await ask(stores, old), await ask(stores, old)]).toEqual(['fresh', 'replayed']);
});

describe('nonces', () => {
  const url = 'https://api.example/data';

  test('end with the memory: agents go on at once after a loss, and used proofs stay used', async () => {
    const server = await startServer();
    await using issuer = await createTestIssuer({ audience: 'https://api.example' });
    const processes = [openStores(server, patient), openStores(server, patient)].map((stores) => ({
      stores,
      verifier: createVerifier({
        resource: 'https://api.example',
        issuers: [issuer.issuer],
        dpop: { nonces: { secrets: [Buffer.alloc(32, 1)] } },
        stores,
      }),
    }));
    const agent = createTestAgent(issuer, { sub: 'alice' }, { dpop: true });
    let nonce: string | undefined;

    /** As agents do: a request, and another one with the nonce that it is given. */
    async function request(index: number): Promise<readonly [string, Awaited<ReturnType<typeof agent.headers>>]> {
      for (let attempt = 0; ; attempt += 1) {
        const fields = await agent.headers({ method: 'GET', url, ...(nonce !== undefined && { nonce }) });
        const answer = await present(index, fields);
        if (answer !== 'ERR_DPOP_NONCE' || attempt > 0) return [answer, fields];
      }
    }

    async function present(index: number, fields: Awaited<ReturnType<typeof agent.headers>>): Promise<string> {
      const headers = { authorization: [fields.authorization], dpop: [fields.dpop] };
      const outcome = await processes[index]?.verifier.check({ method: 'GET', target: '/data', headers });
      if (outcome?.outcome !== 'refused') return outcome?.outcome ?? 'none';
      nonce = outcome.response.headers['dpop-nonce']?.[0] ?? nonce;
      return outcome.error.code;
    }

    await Promise.all(processes.map(({ verifier }) => verifier.ready()));
    // A new Redis has lost its memory as far as anybody knows: with nonces nobody waits.
    const [first, used] = await request(0);
    expect(first).toBe('accepted');
    expect(await present(1, used)).toBe('ERR_DPOP_REPLAYED');
    await server.restart({ keepData: false });
    await Promise.all(processes.map(({ stores }) => waitForEpoch(stores, undefined)));
    await waitUntil(async () => (await request(1))[0] === 'accepted');
    for (const index of [0, 1]) expect(await present(index, used)).toBe('ERR_DPOP_NONCE');
    expect((await request(0))[0]).toBe('accepted');
  });
});
