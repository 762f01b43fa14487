import { Cluster } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { startCluster } from './cluster.mjs';
import { type Relay, startRelay } from './relay.ts';
import { allowReplication, countMasters, cutReplication } from './replication.ts';
import { proveRevokedUnderFault } from './revocation-fault.ts';
import { ask, keys, makeEntry, openRevocationsOf, subOf, trust } from './revocation-stores.ts';
import type { RedisServer } from './servers.mjs';
import { openClient } from './stores.ts';
import { waitUntil } from './wait-until.mjs';

const password = 'secret';
const masters = 3;

/** A cluster whose masters have a replica each, and which of them have the revocations. */
async function startReplicated() {
  const cluster = await startCluster({ masters, replicas: 1, password });
  const { nodes, redisOptions, servers } = cluster;
  const slot = Number(await servers[0]?.run('CLUSTER', 'KEYSLOT', keys.stream));
  const index = Math.floor((slot * masters) / 16_384);
  return {
    ...cluster,
    slot,
    master: servers[index] as RedisServer,
    replica: servers[masters + index] as RedisServer,
    other: servers[(index + 1) % masters] as RedisServer,
    open: (timeoutSeconds?: number) => openRevocationsOf(new Cluster(nodes, { redisOptions }), {}, timeoutSeconds),
  };
}

/** Whether this server has the entry itself, a replica that would send others to its master included. */
const has = (server: RedisServer, id: string): Promise<number> =>
  openClient(server, { readOnly: true }).hexists(keys.entries, id);

const isMaster = (server: RedisServer): Promise<boolean> => countMasters([server]).then((count) => count === 1);

describe('what is revoked by way of a Cluster', () => {
  it('is known to every process, and to the replica before revoke resolves', async () => {
    await using cluster = await startReplicated();
    const lists = [cluster.open(), cluster.open(), cluster.open()] as const;
    await trust(lists);
    const [entry, unconfirmed] = [makeEntry(), makeEntry()];
    await lists[0].add(entry);
    expect(await has(cluster.replica, entry.id)).toBe(1);
    await waitUntil(async () => lists.every((list) => ask(list, subOf(entry)) === 'revoked'));

    cluster.replica.freeze();
    await expect(lists[0].add(unconfirmed)).rejects.toMatchObject({ code: 'ERR_REVOCATION_UNCONFIRMED' });
    expect(ask(lists[0], subOf(unconfirmed))).toBe('revoked');
    cluster.replica.thaw();
    await waitUntil(async () => lists[1].lift(entry).then(() => true));
    await waitUntil(async () => lists.every((list) => ask(list, subOf(entry)) === 'good'));
    await waitUntil(async () => lists.every((list) => ask(list, subOf(unconfirmed)) === 'revoked'));
  });

  it('stays so when its slot moves to another master, and the next one is confirmed at once', async () => {
    await using cluster = await startReplicated();
    const { slot, master: from, other: to } = cluster;
    // However busy the machine is, an answer comes in time.
    const open = () => cluster.open(4);
    await proveRevokedUnderFault(open, async ({ lists, revoke, revokeUntilConfirmed }) => {
      await cluster.moveSlot(slot, { from, to, pause: () => revoke(3) });
      expect(await to.run('CLUSTER', 'COUNTKEYSINSLOT', slot)).toBe(4);
      await revokeUntilConfirmed();
      await cluster.moveSlot(slot, { from: to, to: from });
      // Nobody has asked meanwhile where it is.
      for (const list of lists) await list.add(makeEntry());
    });
  });

  it('stays so when its master is killed, whose replica lacks the last of it', async () => {
    await using cluster = await startReplicated();
    const { master, replica } = cluster;
    await proveRevokedUnderFault(cluster.open, async ({ revoke }) => {
      await cutReplication(master, [replica]);
      await revoke(9);
      await master.kill();
      await allowReplication([replica], password);
      await waitUntil(async () => {
        await revoke(3);
        return isMaster(replica);
      });
      await master.start();
      await waitUntil(async () => !(await isMaster(master)));
    });
  });

  it('stays so when its master is frozen, which thaws and takes itself for one', async () => {
    await using cluster = await startReplicated();
    const { master, replica } = cluster;
    await proveRevokedUnderFault(cluster.open, async ({ revoke }) => {
      master.freeze();
      await waitUntil(async () => {
        await revoke(3);
        return isMaster(replica);
      });
      master.thaw();
      await revoke(9);
      await waitUntil(async () => !(await isMaster(master)));
    });
  });

  it('is good at no process that is cut off for longer than its limit, and what that one revokes is told later', async () => {
    await using cluster = await startReplicated();
    const relays = new Map<string, Relay>();
    for (const { port } of cluster.servers) relays.set(`127.0.0.1:${port}`, await startRelay(port));
    const natMap = Object.fromEntries(Array.from(relays, ([address, { options }]) => [address, options]));
    const ways = [...relays.values()];
    const far = new Cluster(
      ways.map(({ options }) => options),
      { redisOptions: cluster.redisOptions, natMap },
    );
    const [here, away] = [cluster.open(), openRevocationsOf(far, { maxLagSeconds: 2 })] as const;
    await trust([here, away]);
    const [before, meanwhile, untold] = [makeEntry(), makeEntry(), makeEntry()];
    await here.add(before);
    await waitUntil(async () => ask(away, subOf(before)) === 'revoked');

    for (const way of ways) way.cut();
    await here.add(meanwhile);
    await expect(away.add(untold)).rejects.toMatchObject({ code: 'ERR_REVOCATION_UNCONFIRMED' });
    await waitUntil(async () => ask(away, 'alice') === 'ERR_REVOCATIONS_BEHIND');
    const answers = [before, meanwhile, untold].map((entry) => ask(away, subOf(entry)));
    expect(answers).toEqual(['revoked', 'ERR_REVOCATIONS_BEHIND', 'revoked']);
    expect(ask(here, 'alice')).toBe('good');

    for (const way of ways) way.mend();
    const all = [before, meanwhile, untold];
    await waitUntil(async () =>
      [here, away].every((list) => all.every((entry) => ask(list, subOf(entry)) === 'revoked')),
    );
    await waitUntil(async () => ask(away, 'alice') === 'good');
  });
});
