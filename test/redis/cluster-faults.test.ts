import { Cluster } from 'ioredis';
import { describe, expect, test } from 'vitest';
import { startCluster } from './cluster.mjs';
import { proveUnderFault } from './fault.ts';
import { allowReplication, countMasters, cutReplication } from './replication.ts';
import type { RedisServer } from './servers.mjs';

const password = 'secret';
/** For a poll: the machine may be busy with other tests. */
const patience = { timeout: 30_000 };

describe('no proof is accepted twice, and new ones are accepted again without a restart', () => {
  test('when slots of a cluster move to other nodes', async () => {
    await using cluster = await startCluster({ masters: 3, password });
    const { nodes, redisOptions, servers } = cluster;
    const connect = () => new Cluster(nodes, { redisOptions });
    await proveUnderFault('slots of a cluster moving', connect, async ({ see }) => {
      for (const [index, from] of servers.entries()) {
        const to = servers[(index + 1) % servers.length] ?? from;
        const [slot = 0] = await listSlots(from);
        await cluster.moveSlot(slot, { from, to, pause: () => see('accepted', 10) });
        expect(await to.run('CLUSTER', 'COUNTKEYSINSLOT', slot)).toBeGreaterThan(0);
      }
    });
  });

  test('when a cluster loses a master, whose replica lacks the last proofs', async () => {
    await using cluster = await startCluster({ masters: 3, replicas: 1, password });
    const { nodes, redisOptions, servers } = cluster;
    const [master, , , replica] = servers as [RedisServer, RedisServer, RedisServer, RedisServer];
    const connect = () => new Cluster(nodes, { redisOptions });
    await proveUnderFault('master killed, in a cluster', connect, async ({ see }) => {
      await cutReplication(master, [replica]);
      await see('accepted', 50);
      await master.kill();
      await allowReplication([replica], password);
      await expect.poll(() => countMasters([replica]), patience).toBe(1);
      await see('accepted', 50);
      await master.start();
      await expect.poll(() => countMasters([master, replica]), patience).toBe(1);
    });
  });
});

/** The slots of a node that have keys. */
async function listSlots(server: RedisServer): Promise<readonly number[]> {
  const keys = (await server.run('KEYS', '*')) as readonly string[];
  const slots = await Promise.all(keys.map((key) => server.run('CLUSTER', 'KEYSLOT', key)));
  return [...new Set(slots.map(Number))];
}
