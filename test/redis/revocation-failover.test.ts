import type { Revocation } from '@gatehouse/core';
import type { RedisRevocations } from '@gatehouse/redis';
import { describe, expect, it } from 'vitest';
import { ask, makeEntry, openRevocations } from './revocation-stores.ts';
import { startSentinels } from './sentinels.mjs';
import { startRedis } from './servers.mjs';
import { waitUntil } from './wait-until.mjs';

const subOf = (entry: Revocation): string => ('sub' in entry ? entry.sub : '');
const idsOf = (list: RedisRevocations): readonly string[] => [...list.list()].map(({ id }) => id).sort();

describe.each(['kill', 'freeze'] as const)('a master that ends by %s', (end) => {
  it('is replaced without a revocation that comes undone: the lists of all processes become the same', {
    timeout: 60_000,
  }, async () => {
    await using master = await startRedis();
    await using one = await startRedis({ replicaOf: master });
    await using other = await startRedis({ replicaOf: master });
    await using sentinels = await startSentinels({ master, replicas: 2 });
    const lists = Array.from({ length: 3 }, () => openRevocations(sentinels));
    await waitUntil(async () => Promise.all(lists.map((list) => list.ready())).then(() => true));
    await waitUntil(async () => lists[0]?.vouch().then(() => true) ?? false);

    const attempted: Revocation[] = [];
    const confirmed: Revocation[] = [];
    /** Nothing that was revoked anywhere is ever good again where it was known. */
    const known = lists.map(() => new Set<string>());
    function lookForUndone(): void {
      for (const [index, list] of lists.entries()) {
        for (const entry of attempted) {
          const sub = subOf(entry);
          if (ask(list, sub) === 'revoked') known[index]?.add(sub);
          else expect(known[index]?.has(sub)).toBe(false);
        }
      }
    }
    async function revokeSome(count: number): Promise<void> {
      for (let index = 0; index < count; index += 1) {
        const entry = makeEntry();
        attempted.push(entry);
        await lists[index % 3]?.add(entry).then(
          () => confirmed.push(entry),
          () => undefined,
        );
        lookForUndone();
      }
    }

    await revokeSome(20);
    await master[end]();
    await waitUntil(async () => {
      await revokeSome(3);
      return (await sentinels.findMaster()) !== master.port;
    });
    if (end === 'freeze') await master.thaw();
    await waitUntil(async () => lists[1]?.add(makeEntry()).then(() => true) ?? false);
    await revokeSome(20);

    await waitUntil(async () => {
      lookForUndone();
      return lists.every((list) => attempted.every((entry) => ask(list, subOf(entry)) === 'revoked'));
    });
    const late = openRevocations(sentinels);
    await waitUntil(async () => late.ready().then(() => true));
    await waitUntil(async () => lists.every((list) => idsOf(list).join() === idsOf(late).join()));
    expect(confirmed.length).toBeGreaterThan(20);
    expect(confirmed.filter((entry) => ask(late, subOf(entry)) !== 'revoked')).toEqual([]);
    await Promise.all([one, other].map((replica) => replica.run('PING')));
  });
});
