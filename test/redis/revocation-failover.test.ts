import { describe, it } from 'vitest';
import { proveRevokedUnderFault } from './revocation-fault.ts';
import { openRevocations } from './revocation-stores.ts';
import { startSentinels } from './sentinels.mjs';
import { startRedis } from './servers.mjs';
import { waitUntil } from './wait-until.mjs';

describe.each(['kill', 'freeze'] as const)('a master that ends by %s', (end) => {
  it('is replaced by sentinels without a revocation that comes undone: the lists of all processes become the same', async () => {
    await using master = await startRedis();
    await using one = await startRedis({ replicaOf: master });
    await using other = await startRedis({ replicaOf: master });
    await using sentinels = await startSentinels({ master, replicas: 2 });
    await proveRevokedUnderFault(
      () => openRevocations(sentinels),
      async ({ revoke }) => {
        await master[end]();
        await waitUntil(async () => {
          await revoke(3);
          return (await sentinels.findMaster()) !== master.port;
        });
        if (end === 'freeze') await master.thaw();
      },
    );
    await Promise.all([one, other].map((replica) => replica.run('PING')));
  });
});
