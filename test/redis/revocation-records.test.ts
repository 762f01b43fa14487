import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startRelay } from './relay.ts';
import { ask, keys, makeEntry, openRevocations, subOf, trust } from './revocation-stores.ts';
import { type RedisServer, startRedis } from './servers.mjs';
import { openClient } from './stores.ts';
import { waitUntil } from './wait-until.mjs';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());
beforeEach(() => server.run('FLUSHALL'));

async function openTrusted(options = {}) {
  const list = openRevocations(server, options);
  await trust([list]);
  return list;
}

/** Puts records there that belong to no process, with the time at which each goes. */
async function putRecords(times: Readonly<Record<string, number>>): Promise<void> {
  const ids = Object.keys(times);
  await server.run('HSET', keys.entries, ...ids.flatMap((id) => [id, 'x']));
  await server.run('ZADD', keys.expiries, ...Object.entries(times).flatMap(([id, time]) => [time, id]));
}

describe('what Redis keeps of an entry', () => {
  it('goes an hour after it has expired, with what is revoked next', async () => {
    const list = await openTrusted();
    const now = Date.now() / 1000;
    await putRecords({ expired: now - 3601, kept: now - 3400 });
    const entry = makeEntry();
    await list.add(entry);
    const ids = ['kept', entry.id].sort();
    expect(((await server.run('HKEYS', keys.entries)) as string[]).sort()).toEqual(ids);
    expect(((await server.run('ZRANGE', keys.expiries, 0, -1)) as string[]).sort()).toEqual(ids);
    const expiry = Number(await server.run('ZSCORE', keys.expiries, entry.id));
    expect(expiry).toBe(Math.ceil(entry.expiresAt.getTime() / 1000));
  });

  it('goes a hundred at a time, so that no call takes long', async () => {
    const list = await openTrusted();
    await putRecords(Object.fromEntries(Array.from({ length: 150 }, (_, index) => [`r${index}`, 1])));
    await server.run('CONFIG', 'RESETSTAT');
    await list.add(makeEntry());
    await list.add(makeEntry());
    expect(await server.run('HLEN', keys.entries)).toBe(2);
    expect(String(await server.run('INFO', 'commandstats'))).toContain('cmdstat_hdel:calls=2,');
  });

  it('is no long history: the stream has about ten thousand changes', async () => {
    const list = await openTrusted();
    const client = openClient(server);
    await Promise.all(Array.from({ length: 12_000 }, () => client.xadd(keys.stream, '*', 'any', 'thing')));
    const [entry, next] = [makeEntry(), makeEntry()];
    await list.add(entry);
    const length = Number(await server.run('XLEN', keys.stream));
    expect(length).toBeGreaterThanOrEqual(10_000);
    expect(length).toBeLessThan(10_200);
    await list.add(next);
    expect([entry, next].map((one) => ask(list, subOf(one)))).toEqual(['revoked', 'revoked']);
  });
});

describe('a record in the place of another entry', () => {
  it('counts for nothing: lifting the one leaves the other as it is', async () => {
    const ring = { keys: [Buffer.alloc(32, 1)] };
    const list = await openTrusted(ring);
    const [entry, other] = [makeEntry(), makeEntry()];
    for (const one of [entry, other]) await list.add(one);
    // Somebody without a key cannot make records, but can put them where they do not belong.
    await server.run('HSET', keys.entries, other.id, String(await server.run('HGET', keys.entries, entry.id)));
    await list.lift(other);
    const next = makeEntry();
    await list.add(next);
    const late = openRevocations(server, ring);
    await waitUntil(async () => late.ready().then(() => true));
    const answers = [list, late].map((one) => [entry, other, next].map((each) => ask(one, subOf(each))));
    expect(answers).toEqual([
      ['revoked', 'good', 'revoked'],
      ['revoked', 'good', 'revoked'],
    ]);
  });
});

describe('an entry that Redis has already', () => {
  it('is confirmed to whoever sends it again only when the replicas have it', async () => {
    await using master = await startRedis();
    await using replica = await startRedis({ replicaOf: master });
    await waitUntil(async () => String(await master.run('INFO', 'replication')).includes('state=online'));
    const [first, second] = [openRevocations(master), openRevocations(master)];
    await trust([first, second]);
    const entry = makeEntry();
    await second.add(makeEntry());
    replica.freeze();
    const code = 'ERR_REVOCATION_UNCONFIRMED';
    await expect(first.add(entry)).rejects.toMatchObject({ code });
    await expect(second.add(entry)).rejects.toMatchObject({ code });
    await expect(second.lift(entry)).rejects.toMatchObject({ code });
    replica.thaw();
    await waitUntil(async () => second.lift(entry).then(() => true));
  });
});

describe('a memory that was lost', () => {
  it('is not vouched for by whoever means the one before', async () => {
    const list = await openTrusted();
    // Once in a while the process is faster, and means the new one.
    await waitUntil(async () => {
      await server.run('FLUSHALL');
      return list.vouch().then(
        () => false,
        (error: { readonly code?: unknown }) => error.code === 'ERR_REVOCATIONS_BEHIND',
      );
    });
  });

  it('is vouched for after everything was given back to it, and not before', async () => {
    // It remembers every call, the last one first.
    await using own = await startRedis({ config: { 'slowlog-log-slower-than': '0', 'slowlog-max-len': '10000' } });
    const list = openRevocations(own);
    await trust([list]);
    await Promise.all(Array.from({ length: 600 }, () => list.add(makeEntry())));
    await own.run('SLOWLOG', 'RESET');
    await own.run('FLUSHALL');
    await waitUntil(async () => (await own.run('HGET', keys.marker, 'vouched')) === '1');
    const epoch = await own.run('HGET', keys.marker, 'epoch');
    const calls = ((await own.run('SLOWLOG', 'GET', -1)) as [number, number, number, string[]][])
      .map(([, , , words]) => words)
      .reverse();
    const vouchedAt = calls.findIndex((words) => words[0] === 'evalsha' && words.at(-1) === epoch);
    const puts = calls.slice(0, vouchedAt).filter((words) => words[0] === 'evalsha' && words.length === 12);
    // By the ids of the entries.
    expect(new Set(puts.map((words) => words[8])).size).toBe(600);
  });
});

describe('a process', () => {
  it('is behind when it knows that there is news, and cannot read it', async () => {
    const list = await openTrusted();
    await server.run('ACL', 'SETUSER', 'deaf', 'on', '>secret', '~*', '+@all', '-xread');
    const options = { ...server.options, username: 'deaf', password: 'secret' };
    const deaf = openRevocations({ options }, { maxLagSeconds: 2 });
    await waitUntil(async () => deaf.ready().then(() => true));
    expect(ask(deaf, 'alice')).toBe('good');
    await list.add(makeEntry());
    await waitUntil(async () => ask(deaf, 'alice') === 'ERR_REVOCATIONS_BEHIND');
    await server.run('ACL', 'SETUSER', 'deaf', '+xread');
    await waitUntil(async () => ask(deaf, 'alice') === 'good');
  });

  it('tells later what it revoked while it was cut off from a Redis that others reach', async () => {
    const way = await startRelay(server.port);
    const [here, away] = [openRevocations(server), openRevocations(way)];
    await trust([here, away]);
    way.cut();
    const entry = makeEntry();
    await expect(away.add(entry)).rejects.toMatchObject({ code: 'ERR_REVOCATION_UNCONFIRMED' });
    way.mend();
    await waitUntil(async () => ask(here, subOf(entry)) === 'revoked');
  });

  it('gives back what is gone, however few changes Redis says that there were', async () => {
    const list = await openTrusted();
    const entry = makeEntry();
    await list.add(entry);
    await server.run('DEL', keys.entries);
    await server.run('HSET', keys.marker, 'count', 0);
    await waitUntil(async () => (await server.run('HEXISTS', keys.entries, entry.id)) === 1);
  });
});

describe('a server that became a replica', () => {
  it('is asked until it is a master again, although it takes writes', async () => {
    await using own = await startRedis({ config: { 'replica-read-only': 'no' } });
    await using master = await startRedis();
    const list = openRevocations(own);
    await trust([list]);
    const entry = makeEntry();
    await list.add(entry);
    await own.run('REPLICAOF', '127.0.0.1', master.port);
    await waitUntil(async () => list.health().code === 'ERR_REPLAY_STORE_READ_ONLY');
    await own.run('REPLICAOF', 'NO', 'ONE');
    await waitUntil(async () => list.health().code === undefined);
    expect(ask(list, subOf(entry))).toBe('revoked');
  });

  it('is left for the master that has its address then, by what reads and by what writes', async () => {
    await using former = await startRedis();
    await using present = await startRedis({ replicaOf: former });
    await waitUntil(async () => String(await former.run('INFO', 'replication')).includes('state=online'));
    const way = await startRelay(former.port);
    const list = openRevocations(way);
    await trust([list]);
    const entry = makeEntry();
    await list.add(entry);
    way.cut();
    await present.run('REPLICAOF', 'NO', 'ONE');
    await former.run('REPLICAOF', '127.0.0.1', present.port);
    way.mend();
    await waitUntil(async () => list.health().code === 'ERR_REPLAY_STORE_READ_ONLY');
    const unconfirmed = makeEntry();
    await expect(list.add(unconfirmed)).rejects.toMatchObject({ code: 'ERR_REVOCATION_UNCONFIRMED' });
    way.leadTo(present.port);
    const next = makeEntry();
    await waitUntil(async () => list.add(next).then(() => true));
    await waitUntil(async () => Number(await present.run('HLEN', keys.entries)) === 3);
    await waitUntil(async () => list.health().state === 'current' && list.health().code === undefined);
  });
});
