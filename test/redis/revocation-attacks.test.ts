import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readText } from '../repository.ts';
import { startRelay } from './relay.ts';
import { ask, keys, makeEntry, openRevocations, subOf, trust } from './revocation-stores.ts';
import { type RedisServer, startRedis } from './servers.mjs';
import { waitUntil } from './wait-until.mjs';

const ring = { keys: [Buffer.alloc(32, 1)] };

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());
beforeEach(() => server.run('FLUSHALL'));

describe('somebody who can write to Redis, and has none of the keys', () => {
  it('ends no revocation by taking records away and making processes read all again', async () => {
    const [first, second] = [openRevocations(server, ring), openRevocations(server, ring)];
    await trust([first, second]);
    const entry = makeEntry();
    await first.add(entry);
    await waitUntil(async () => ask(second, subOf(entry)) === 'revoked');
    await server.run('DEL', keys.entries);
    await server.run('XADD', keys.stream, '*', 'count', 99, 'record', 'x');
    const next = makeEntry();
    await first.add(next);
    await waitUntil(async () => ask(second, subOf(next)) === 'revoked');
    await waitUntil(async () => Number(await server.run('HLEN', keys.entries)) === 2);
    expect([ask(first, subOf(entry)), ask(second, subOf(entry))]).toEqual(['revoked', 'revoked']);
    const late = openRevocations(server, ring);
    await waitUntil(async () => late.ready().then(() => true));
    expect([ask(late, subOf(entry)), ask(late, 'alice')]).toEqual(['revoked', 'good']);
  });

  it('keeps nobody from revoking by bytes that are no text', async () => {
    const list = openRevocations(server, ring);
    await trust([list]);
    const entry = makeEntry();
    const stranger = new Redis(server.options);
    await stranger.hset(keys.entries, entry.id, Buffer.from([0xff, 0xfe, 0xfd]));
    stranger.disconnect();
    await list.add(entry);
    const late = openRevocations(server, ring);
    await waitUntil(async () => late.ready().then(() => true));
    expect(ask(late, subOf(entry))).toBe('revoked');
  });

  it('lifts nothing by an old record, although whoever revoked again has a clock that is behind', async () => {
    const [first, second] = [openRevocations(server, ring), openRevocations(server, ring)];
    await trust([first, second]);
    const entry = makeEntry();
    await first.add(entry);
    await first.lift(entry);
    const [[, fields]] = (await server.run('XREVRANGE', keys.stream, '+', '-', 'COUNT', 1)) as [[string, string[]]];
    await second.add(makeEntry(subOf(entry), { at: new Date(entry.at.getTime() - 5000) }));
    await waitUntil(async () => ask(first, subOf(entry)) === 'revoked');
    await server.run('XADD', keys.stream, '*', 'count', 4, 'record', fields[3] ?? '');
    const next = makeEntry();
    await first.add(next);
    await waitUntil(async () => ask(second, subOf(next)) === 'revoked');
    expect([ask(first, subOf(entry)), ask(second, subOf(entry))]).toEqual(['revoked', 'revoked']);
  });
});

describe('a process that was away while the stream was cut off', () => {
  it('learns what was revoked, and what was lifted, and brings nothing back', async () => {
    const relay = await startRelay(server.port);
    const [here, away] = [openRevocations(server), openRevocations(relay)];
    await trust([here, away]);
    const [lifted, kept, added] = [makeEntry(), makeEntry(), makeEntry()];
    await here.add(lifted);
    await here.add(kept);
    await waitUntil(async () => ask(away, subOf(kept)) === 'revoked');
    relay.cut();
    await here.lift(lifted);
    await here.add(added);
    await server.run('XTRIM', keys.stream, 'MAXLEN', 0);
    relay.mend();
    await waitUntil(async () => ask(away, subOf(added)) === 'revoked');
    expect([ask(away, subOf(lifted)), ask(away, subOf(kept))]).toEqual(['good', 'revoked']);
    expect(ask(here, subOf(lifted))).toBe('good');
    expect(away.health().state).toBe('current');
  });
});

describe('a list that had no room for a while', () => {
  it('lets everybody in again once it has room for all', async () => {
    const large = openRevocations(server);
    await trust([large]);
    const [one, two] = [makeEntry(), makeEntry()];
    await large.add(one);
    await large.add(two);
    const small = openRevocations(server, { maxEntries: 1 });
    await waitUntil(async () => small.ready().then(() => true));
    expect(ask(small, 'alice')).toBe('ERR_REVOCATIONS_BEHIND');
    await large.lift(one);
    await waitUntil(async () => ask(small, 'alice') === 'good');
    expect([ask(small, subOf(one)), ask(small, subOf(two))]).toEqual(['good', 'revoked']);
  });
});

describe('a connection that still leads to the former master', () => {
  it('confirms nothing: what is written there would be unknown to everybody else', async () => {
    await using former = await startRedis();
    await using present = await startRedis({ replicaOf: former });
    await waitUntil(async () => String(await former.run('INFO', 'replication')).includes('state=online'));
    const way = await startRelay(former.port);
    const list = openRevocations(way);
    await trust([list]);
    await list.add(makeEntry());
    await present.run('REPLICAOF', 'NO', 'ONE');
    await waitUntil(async () => String(await former.run('INFO', 'replication')).includes('connected_slaves:0'));
    way.leadTo(present.port);
    // The connection that reads is made anew; that which writes stays.
    await waitUntil(async () => {
      const reading = String(await former.run('CLIENT', 'LIST'))
        .split('\n')
        .find((line) => line.includes('cmd=xread'));
      return (await former.run('CLIENT', 'KILL', 'ID', /^id=(\d+)/.exec(reading ?? '')?.[1] ?? '')) === 1;
    });
    await waitUntil(async () => String(await present.run('CLIENT', 'LIST')).includes('cmd=xread'));
    const entry = makeEntry();
    await waitUntil(async () => list.add(entry).then(() => true));
    expect(await present.run('HEXISTS', keys.entries, entry.id)).toBe(1);
  });
});

describe('a user of Redis', () => {
  it('needs what the page says for revocations, replicas included', async () => {
    const page = readText('packages/redis/README.md');
    const [, rules = ''] = /ACL SETUSER api on >\S+ (.+)/.exec(page) ?? [];
    const [, more = ''] = /needs these commands in addition: `([^`]+)`/.exec(page) ?? [];
    await using master = await startRedis();
    await using replica = await startRedis({ replicaOf: master });
    await waitUntil(async () => String(await master.run('INFO', 'replication')).includes('state=online'));
    const options = { ...master.options, username: 'api', password: 'secret' };
    await master.run('ACL', 'SETUSER', 'api', 'on', '>secret', ...rules.split(' '));
    const refused = openRevocations({ options });
    await expect(refused.ready()).rejects.toMatchObject({ code: 'ERR_REPLAY_STORE_PERMISSION' });
    await master.run('ACL', 'SETUSER', 'api', ...more.split(' '));
    const list = openRevocations({ options });
    await trust([list]);
    const entry = makeEntry();
    await list.add(entry);
    // Dropping what has expired takes permissions of its own.
    await master.run('ZADD', keys.expiries, 1, entry.id);
    const next = makeEntry();
    await list.add(next);
    expect(await master.run('HKEYS', keys.entries)).toEqual([next.id]);
    expect(await list.lift(next)).toBe(true);
    await replica.run('PING');
  });
});
