import { randomUUID } from 'node:crypto';
import type { Revocation } from '@gatehouse/core';
import type { RedisRevocations } from '@gatehouse/redis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ask, idsOf, keys, makeEntry, openRevocations, subOf, trust } from './revocation-stores.ts';
import { type RedisServer, startRedis } from './servers.mjs';
import { waitUntil } from './wait-until.mjs';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());
beforeEach(() => server.run('FLUSHALL'));

/** Lists of several processes, of a Redis that somebody has vouched for. */
async function openFleet(count: number, options = {}, on: RedisServer = server): Promise<RedisRevocations[]> {
  const lists = Array.from({ length: count }, () => openRevocations(on, options));
  await trust(lists);
  return lists;
}
const waitForAll = (lists: readonly RedisRevocations[], sub: string, answer: string): Promise<void> =>
  waitUntil(async () => lists.every((list) => ask(list, sub) === answer));

describe('what one process revokes', () => {
  it('is revoked in every other, once add has resolved or a moment later, and lifted in every other [REV-01]', async () => {
    const lists = await openFleet(3);
    const [first, second] = lists as [RedisRevocations, RedisRevocations];
    const entry = makeEntry();
    const other = randomUUID();
    await waitForAll(lists, subOf(entry), 'good');
    await first.add(entry);
    expect(ask(first, subOf(entry))).toBe('revoked');
    await waitForAll(lists, subOf(entry), 'revoked');
    expect(lists.map((list) => ask(list, other))).toEqual(['good', 'good', 'good']);

    expect(await second.lift(entry)).toBe(true);
    await waitForAll(lists, subOf(entry), 'good');
    expect(await first.lift(entry)).toBe(false);
  });

  it('is known to a process that starts later', async () => {
    const [first] = (await openFleet(1)) as [RedisRevocations];
    for (let round = 0; round < 12; round += 1) {
      await Promise.all(Array.from({ length: 100 }, () => first.add(makeEntry())));
    }
    const late = openRevocations(server);
    await waitUntil(async () => late.ready().then(() => true));
    expect(idsOf(late)).toEqual(idsOf(first));
    expect(late.health()).toMatchObject({ entries: 1200, state: 'current', unreadable: 0 });
  });

  it('is merged by maximum, whoever revokes the same at the same time', async () => {
    const lists = await openFleet(3);
    const now = Math.floor(Date.now() / 1000) * 1000;
    const sub = randomUUID();
    const times = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => ({
      issuedBefore: new Date(now + n * 1000),
      expiresAt: new Date(now + (100 - n) * 1000),
    }));
    await Promise.all(times.map((changes, index) => lists[index % 3]?.add(makeEntry(sub, changes))));
    const late = openRevocations(server);
    await waitUntil(async () => late.ready().then(() => true));
    await waitUntil(async () =>
      [...lists, late].every((list) => {
        const [entry, ...more] = [...list.list()];
        return (
          more.length === 0 && Number(entry?.issuedBefore) === now + 9000 && Number(entry?.expiresAt) === now + 99_000
        );
      }),
    );
  });

  it('is seen by a process that was away for longer than the stream remembers', async () => {
    const lists = await openFleet(2);
    const [first, second] = lists as [RedisRevocations, RedisRevocations];
    const before = makeEntry();
    await first.add(before);
    // As if ten thousand others had come meanwhile.
    const entry = makeEntry();
    await server.run('HINCRBY', keys.marker, 'count', 5);
    await first.add(entry);
    await waitForAll([second], subOf(entry), 'revoked');
    expect(ask(second, subOf(before))).toBe('revoked');
    await waitUntil(async () => second.health().state === 'current');
  });
});

describe('a key ring', () => {
  const [old, young] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];

  it('keeps out what others write, which is counted and stops nothing', async () => {
    const lists = await openFleet(2, { keys: [old] });
    const [first, second] = lists as [RedisRevocations, RedisRevocations];
    const stranger = openRevocations(server, { keys: [young] });
    const without = openRevocations(server);
    const forged = [makeEntry(), makeEntry()];
    await stranger.add(forged[0] as Revocation);
    await without.add(forged[1] as Revocation);
    await server.run('XADD', keys.stream, '*', 'count', 'many', 'record', '{}');
    await server.run('XADD', keys.stream, '*', 'anything', 'else');
    const entry = makeEntry();
    await first.add(entry);
    await waitForAll([second], subOf(entry), 'revoked');
    for (const { sub } of forged as { sub: string }[]) expect(ask(second, sub)).toBe('good');
    await waitUntil(async () => second.health().unreadable === 4);
    expect(second.health().state).toBe('current');
    const late = openRevocations(server, { keys: [old] });
    await waitUntil(async () => late.ready().then(() => true));
    expect(idsOf(late)).toEqual([entry.id]);
    expect(late.health().unreadable).toBe(2);
  });

  it('writes over what a stranger has put in the place of an entry', async () => {
    const [first] = (await openFleet(1, { keys: [old] })) as [RedisRevocations];
    const entry = makeEntry();
    await server.run('HSET', keys.entries, entry.id, 'f'.repeat(100));
    await first.add(entry);
    const late = openRevocations(server, { keys: [old] });
    await waitUntil(async () => late.ready().then(() => true));
    expect(ask(late, subOf(entry))).toBe('revoked');
  });

  it('lets nobody lift by what was lifted once before', async () => {
    const lists = await openFleet(2, { keys: [old] });
    const [first, second] = lists as [RedisRevocations, RedisRevocations];
    const entry = makeEntry();
    await first.add(entry);
    await first.lift(entry);
    const [[, fields]] = (await server.run('XREVRANGE', keys.stream, '+', '-', 'COUNT', 1)) as [[string, string[]]];
    const again = makeEntry(subOf(entry), { at: new Date(Date.now() + 1) });
    await first.add(again);
    await waitForAll([second], subOf(entry), 'revoked');
    const count = Number(await server.run('HINCRBY', keys.marker, 'count', 1));
    await server.run('XADD', keys.stream, '*', 'count', count, 'record', fields[3] ?? '');
    const marker = makeEntry();
    await first.add(marker);
    await waitForAll([second], subOf(marker), 'revoked');
    expect(ask(second, subOf(entry))).toBe('revoked');
  });

  it('is rotated without a gap', async () => {
    const [before] = (await openFleet(1, { keys: [old] })) as [RedisRevocations];
    const [one, two] = [makeEntry(), makeEntry()];
    await before.add(one);
    const meanwhile = openRevocations(server, { keys: [young, old] });
    await waitUntil(async () => meanwhile.ready().then(() => true));
    await meanwhile.add(two);
    expect([ask(meanwhile, subOf(one)), ask(meanwhile, subOf(two))]).toEqual(['revoked', 'revoked']);
    const after = openRevocations(server, { keys: [young] });
    await waitUntil(async () => after.ready().then(() => true));
    expect([ask(after, subOf(one)), ask(after, subOf(two))]).toEqual(['good', 'revoked']);
  });
});

describe('a Redis that loses its memory', () => {
  it('is given back what any process knows, and then nothing is in doubt', async () => {
    const lists = await openFleet(2);
    const [first, second] = lists as [RedisRevocations, RedisRevocations];
    const entries = [makeEntry(), makeEntry()];
    await first.add(entries[0] as Revocation);
    await second.add(entries[1] as Revocation);
    await waitForAll([first], subOf(entries[1] as Revocation), 'revoked');
    await server.run('FLUSHALL');
    await waitUntil(async () => Number(await server.run('HLEN', keys.entries)) === 2);
    const late = openRevocations(server);
    await waitUntil(async () => late.ready().then(() => true));
    await waitUntil(async () => late.health().state === 'current');
    for (const entry of entries) for (const list of [...lists, late]) expect(ask(list, subOf(entry))).toBe('revoked');
  });

  it('leaves a process that starts then in doubt about what was issued before, until somebody vouches', async () => {
    const late = openRevocations(server);
    await waitUntil(async () => late.ready().then(() => true));
    const before = new Date();
    const after = new Date(Date.now() + 11_000);
    expect([ask(late, 'alice', before), ask(late, 'alice', after)]).toEqual(['ERR_REVOCATIONS_BEHIND', 'good']);
    expect(late.health().state).toBe('behind');
    const later = openRevocations(server);
    await waitUntil(async () => later.ready().then(() => true));
    expect(ask(later, 'alice', before)).toBe('ERR_REVOCATIONS_BEHIND');
    await late.vouch();
    expect(ask(late, 'alice', before)).toBe('good');
    await waitUntil(async () => ask(later, 'alice', before) === 'good');
  });

  it('is not vouched for by a process that was in doubt itself', async () => {
    const doubtful = openRevocations(server);
    await waitUntil(async () => doubtful.ready().then(() => true));
    const epoch = await server.run('HGET', keys.marker, 'epoch');
    await server.run('FLUSHALL');
    await waitUntil(async () => {
      const [now, vouched] = (await server.run('HMGET', keys.marker, 'epoch', 'vouched')) as (string | null)[];
      return now !== null && now !== epoch && vouched === '0' && (doubtful.health().lagSeconds ?? 9) < 0.2;
    });
    expect(ask(doubtful, 'alice')).toBe('ERR_REVOCATIONS_BEHIND');
  });

  it.each([false, true])('by a restart brings nothing back, with data kept: %s', async (keepData) => {
    await using own = await startRedis({ persistence: keepData ? 'rdb' : 'none' });
    const lists = await openFleet(2, {}, own);
    const [first, second] = lists as [RedisRevocations, RedisRevocations];
    const entry = makeEntry();
    await first.add(entry);
    await waitForAll(lists, subOf(entry), 'revoked');
    await own.restart({ keepData });
    const next = makeEntry();
    await waitUntil(async () => first.add(next).then(() => true));
    await waitForAll([second], subOf(next), 'revoked');
    expect(lists.map((list) => ask(list, subOf(entry)))).toEqual(['revoked', 'revoked']);
    await waitUntil(async () => Number(await own.run('HLEN', keys.entries)) === 2);
  });
});

describe('a Redis that is away', () => {
  it('makes a process answer 503 after its limit, and not before; what it knows is revoked all the while', async () => {
    await using own = await startRedis();
    const [list] = (await openFleet(1, { maxLagSeconds: 2 }, own)) as [RedisRevocations];
    const entry = makeEntry();
    await list.add(entry);
    await own.freeze();
    expect(ask(list, 'alice')).toBe('good');
    await waitUntil(async () => ask(list, 'alice') !== 'good');
    expect(list.health().lagSeconds).toBeGreaterThan(2);
    expect([ask(list, 'alice'), ask(list, subOf(entry))]).toEqual(['ERR_REVOCATIONS_BEHIND', 'revoked']);
    expect(list.health().state).toBe('behind');
    await waitUntil(async () => list.health().code === 'ERR_REPLAY_STORE_UNAVAILABLE');
    await own.thaw();
    await waitUntil(async () => ask(list, 'alice') === 'good');
    expect(list.health().code).toBeUndefined();
  });

  it('makes revoke reject, which counts here at once, and in the others when Redis is back', async () => {
    await using own = await startRedis({ persistence: 'aof' });
    const lists = await openFleet(2, {}, own);
    const [first, second] = lists as [RedisRevocations, RedisRevocations];
    await own.kill();
    const entry = makeEntry();
    await expect(first.add(entry)).rejects.toMatchObject({ code: 'ERR_REVOCATION_UNCONFIRMED' });
    expect([ask(first, subOf(entry)), ask(second, subOf(entry))]).toEqual(['revoked', 'good']);
    await own.start();
    await waitForAll([second], subOf(entry), 'revoked');
  });

  it('is waited for by a process that starts', async () => {
    await using own = await startRedis();
    await own.kill();
    const list = openRevocations(own);
    await expect(list.ready()).rejects.toMatchObject({ code: 'ERR_REPLAY_STORE_UNAVAILABLE' });
    expect(ask(list, 'alice')).toBe('ERR_REVOCATIONS_BEHIND');
    await own.start();
    await waitUntil(async () => list.ready().then(() => true));
  });

  it.each([
    ['that may evict', { 'maxmemory-policy': 'allkeys-lru' }, 'ERR_REPLAY_STORE_EVICTS'],
    ['that has no room', { maxmemory: '1mb' }, 'ERR_REPLAY_STORE_FULL'],
    ['that does not say what it is', { 'rename-command': ['INFO', 'hidden'] }, 'ERR_REPLAY_STORE_INFO'],
  ])('or one %s, lets nobody be let in', async (_what, config, code) => {
    await using own = await startRedis({ config });
    const list = openRevocations({ options: { ...own.options, enableReadyCheck: false } });
    await expect(list.ready()).rejects.toMatchObject({ code });
    expect(ask(list, 'alice')).toBe('ERR_REVOCATIONS_BEHIND');
    expect(list.health().code).toBe(code);
  });
});

describe('a replica', () => {
  it('has what was revoked before revoke resolves', async () => {
    await using master = await startRedis();
    await using replica = await startRedis({ replicaOf: master });
    await waitUntil(async () => String(await master.run('INFO', 'replication')).includes('state=online'));
    const [list] = (await openFleet(1, {}, master)) as [RedisRevocations];
    const entry = makeEntry();
    await list.add(entry);
    expect(await replica.run('HEXISTS', keys.entries, entry.id)).toBe(1);

    await replica.freeze();
    const lost = makeEntry();
    await expect(list.add(lost)).rejects.toMatchObject({ code: 'ERR_REVOCATION_UNCONFIRMED' });
    expect(ask(list, subOf(lost))).toBe('revoked');
    await replica.thaw();
    await waitUntil(async () => list.add(lost).then(() => true));
    expect(await replica.run('HEXISTS', keys.entries, lost.id)).toBe(1);
  });
});

describe('a list that is too small', () => {
  it('lets nobody in whom it might have to refuse', async () => {
    const [large] = (await openFleet(1)) as [RedisRevocations];
    await large.add(makeEntry());
    await large.add(makeEntry());
    const small = openRevocations(server, { maxEntries: 1 });
    await waitUntil(async () => small.ready().then(() => true));
    expect(ask(small, 'alice')).toBe('ERR_REVOCATIONS_BEHIND');
    expect(small.health().state).toBe('behind');
    const [full] = [openRevocations(server, { maxEntries: 2 })];
    await waitUntil(async () => full.ready().then(() => true));
    expect(ask(full, 'alice')).toBe('good');
    await expect(full.add(makeEntry())).rejects.toMatchObject({ code: 'ERR_REVOCATION_LIST_FULL' });
    expect(ask(full, 'alice')).toBe('good');
  });
});
