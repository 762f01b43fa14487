import { randomUUID } from 'node:crypto';
import { createVerifier } from '@gatehouse/core';
import { createRedisStores } from '@gatehouse/redis';
import { Redis } from 'ioredis';
import { percentile } from '../../bench/measure.mjs';
import { startRedis } from '../../redis/servers.mjs';
import { waitUntil } from '../../redis/wait-until.mjs';
import { createFixture, resource } from '../fixtures.mjs';
import { startHelper } from '../helpers.mjs';
import { drive, format, megabytes, runScenario, sized } from '../scenario.mjs';

/** A million revocations in Redis: how a process that starts learns of them, and how soon it learns of one more. */

const many = sized(1_000_000);
const more = 200;
/** Goals: a process starts within this time, and refuses what another one revokes within that. */
const mostSecondsToStart = 60;
const mostMillisecondsToRefuse = 1000;

await runScenario(`${format(many)} revocations in Redis`, async ({ row, print, say, expect }) => {
  const fixture = await createFixture();
  const { issuer: iss } = fixture;
  const redis = await startRedis();
  const memory = async () => Number(/^used_memory:(\d+)/m.exec(String(await redis.run('INFO', 'memory')))?.[1]);
  const maxEntries = many + 10_000;
  const client = new Redis({ host: '127.0.0.1', port: redis.port });
  const stores = createRedisStores(client, { timeoutSeconds: 4, revocations: { maxEntries } });
  const verifier = createVerifier({ resource, issuers: [iss], stores });
  await waitUntil(() => verifier.ready().then(() => true));
  await stores.revocations?.vouch();

  const before = await memory();
  await row('The first process revokes', many, () =>
    drive(
      many,
      500,
      async () =>
        void (await verifier.revocations.revoke({ iss, tokenId: randomUUID(), reason: 'the task has ended' })),
    ),
  );
  say(`A revocation takes ${format(((await memory()) - before) / many)} bytes of Redis.`);

  const second = startHelper('./processes/revocations.mjs', { port: redis.port, issuer: iss, maxEntries });
  const start = await second.ask('start');
  await print('The second process starts', [start.sample], { used: start.used });
  const { entries, seconds } = start;
  say(
    `It knew ${format(entries)} revocations after ${format(seconds, 1)} s; its heap grew by ${megabytes(start.used.heap - start.before.heap)}.`,
  );
  expect(entries === many, 'the second process knows all of them');
  expect(seconds <= mostSecondsToStart, `it does within ${mostSecondsToStart} s`);

  /** @type {number[]} */
  const latencies = [];
  let accepted = 0;
  await row(`${format(more)} more, one after another`, more, () =>
    drive(more, 1, async () => {
      const tokenId = randomUUID();
      const token = fixture.mint({ jti: tokenId });
      if ((await second.ask('check', { token })) === 'accepted') accepted += 1;
      const refused = second.ask('refuse', { token });
      const revokedAt = Date.now();
      await verifier.revocations.revoke({ iss, tokenId });
      latencies.push((await refused) - revokedAt);
    }),
  );
  const p99 = percentile(latencies, 0.99);
  say(
    `From revoking in one process to refusing in the other: half within ${format(percentile(latencies, 0.5), 1)} ms, 99 of 100 within ${format(p99, 1)} ms.`,
  );
  expect(accepted === more, 'a token is good before it is revoked');
  expect(
    p99 <= mostMillisecondsToRefuse,
    `what one process revokes, the other refuses within ${mostMillisecondsToRefuse} ms`,
  );

  second.stop();
  await verifier.close();
  await stores.close();
  client.disconnect();
  await redis.stop();
  await fixture.close();
});
