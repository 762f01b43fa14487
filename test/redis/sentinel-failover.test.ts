import { Redis } from 'ioredis';
import { describe, expect, test } from 'vitest';
import { proveUnderFault } from './fault.ts';
import { allowReplication, countMasters, cutReplication } from './replication.ts';
import { startSentinels } from './sentinels.mjs';
import { startRedis } from './servers.mjs';

const password = 'secret';
/** For a poll: the machine may be busy with other tests. */
const patience = { timeout: 30_000 };

/** Three servers, one of them the master, and sentinels that watch them. */
async function startReplicated(config: Readonly<Record<string, string>> = {}) {
  const master = await startRedis({ password, config });
  const replicas = [
    await startRedis({ password, replicaOf: master }),
    await startRedis({ password, replicaOf: master }),
  ];
  const sentinels = await startSentinels({ master, replicas: replicas.length });
  const stop = async () => {
    await Promise.all([master, ...replicas, sentinels].map((part) => part.stop()));
  };
  return { master, replicas, sentinels, [Symbol.asyncDispose]: stop };
}

describe('no proof is accepted twice, and new ones are accepted again without a restart', () => {
  test('when sentinels replace a master that is killed, by a replica that lacks the last proofs', async () => {
    await using replicated = await startReplicated();
    const { master, replicas, sentinels } = replicated;
    await proveUnderFault(
      'master killed, with sentinels',
      () => new Redis(sentinels.options),
      async ({ see }) => {
        await cutReplication(master, replicas);
        await see('accepted', 20);
        await master.kill();
        await allowReplication(replicas, password);
        await expect.poll(() => sentinels.findMaster(), patience).not.toBe(master.port);
        await see('accepted', 50);
        await master.start();
        await expect.poll(() => countMasters([master, ...replicas]), patience).toBe(1);
      },
    );
  });

  test('when sentinels replace a master that is frozen, which thaws and takes itself for one', async () => {
    // As the documentation asks for: a master that nobody follows records nothing.
    await using replicated = await startReplicated({ 'min-replicas-to-write': '1', 'min-replicas-max-lag': '1' });
    const { master, replicas, sentinels } = replicated;
    await proveUnderFault(
      'master frozen, with sentinels',
      () => new Redis(sentinels.options),
      async ({ see }) => {
        master.freeze();
        await expect.poll(() => sentinels.findMaster(), patience).not.toBe(master.port);
        await see('accepted', 50);
        master.thaw();
        await expect.poll(() => countMasters([master, ...replicas]), patience).toBe(1);
      },
    );
  });
});
