import { Cluster, Redis } from 'ioredis';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startCluster } from './cluster.mjs';
import { startSentinels } from './sentinels.mjs';
import { startRedis } from './servers.mjs';

/** For a poll: the machine may be busy with other tests. */
const patience = { timeout: 20_000 };

describe('sentinels', () => {
  test('replace a master that is killed, and take it back as a replica', async () => {
    const password = 'p@ss "word"';
    await using master = await startRedis({ password });
    await using replica = await startRedis({ password, replicaOf: master });
    await using sentinels = await startSentinels({ master, replicas: 1 });
    const client = new Redis(sentinels.options);
    onTestFinished(() => client.disconnect());
    client.on('error', () => undefined);
    await client.set('key', 'value');
    await client.wait(1, 0);
    expect(await sentinels.findMaster()).toBe(master.port);

    await master.kill();
    await expect.poll(() => sentinels.findMaster(), patience).toBe(replica.port);
    expect(await client.get('key')).toBe('value');

    await master.start();
    await expect.poll(() => master.run('GET', 'key'), patience).toBe('value');
    await expect(master.run('SET', 'key', 'other')).rejects.toThrow('READONLY');
  });
});

describe('a cluster', () => {
  test('spreads its slots, and moves one with its keys while it serves', async () => {
    await using cluster = await startCluster({ masters: 3, password: 'secret' });
    const { nodes, redisOptions, servers } = cluster;
    const client = new Cluster(nodes, { redisOptions });
    onTestFinished(() => client.disconnect());
    const keys = Array.from({ length: 150 }, (_, index) => `{tag}${index}`);
    for (const key of keys) await client.set(key, 'value');
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) await client.set(key, 'value');
    const sizes = () => Promise.all(servers.map(async (server) => Number(await server.run('DBSIZE'))));
    const before = await sizes();
    expect(before.every((size) => size > 0)).toBe(true);

    const slot = Number(await servers[0]?.run('CLUSTER', 'KEYSLOT', '{tag}'));
    const owner = before.indexOf(Math.max(...before));
    const [from, to] = [servers[owner], servers[(owner + 1) % 3]];
    if (from === undefined || to === undefined) throw new Error('There are three servers.');
    let pauses = 0;
    await cluster.moveSlot(slot, {
      from,
      to,
      async pause() {
        pauses += 1;
        for (const key of ['{tag}0', '{tag}149']) expect(await client.get(key)).toBe('value');
      },
    });
    expect(pauses).toBe(17);
    expect(await from.run('CLUSTER', 'COUNTKEYSINSLOT', slot)).toBe(0);
    expect(await to.run('CLUSTER', 'COUNTKEYSINSLOT', slot)).toBe(150);
  });

  test('replaces a master that is killed', async () => {
    await using cluster = await startCluster({ masters: 3, replicas: 1 });
    const [master, , , replica] = cluster.servers;
    const client = new Cluster(cluster.nodes);
    onTestFinished(() => client.disconnect());
    const key = '{06S}key';
    await client.set(key, 'value');
    expect(await master?.run('CLUSTER', 'KEYSLOT', key)).toBe(0);
    await expect.poll(() => replica?.run('DBSIZE'), patience).toBe(1);
    await master?.kill();
    await expect.poll(() => replica?.run('ROLE'), patience).toContain('master');
    await expect.poll(() => client.get(key), patience).toBe('value');
  });
});
