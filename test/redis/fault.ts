import { createRedisStores } from '@gatehouse/redis';
import type { Cluster, Redis } from 'ioredis';
import { expect } from 'vitest';
import { startFleet } from './fleet.ts';
import { type Report, startTraffic, type Traffic } from './traffic.ts';
import { waitUntil } from './wait-until.mjs';

/** How many processes there are. */
const size = 3;

/**
 * Lets proofs flow through three verifiers, each with stores and a connection of its own, while something goes wrong with
 * their Redis, and for some time before and after. Expects that no proof was accepted twice, and prints what the fault cost.
 *
 * @param name of the fault, for the line that is printed
 * @param connect makes a connection
 * @param fault what happens; the traffic tells when it is noticed
 * @param timeoutSeconds of the stores. Longer than the default where the fault makes nobody wait, but a busy machine may
 */
export async function proveUnderFault(
  name: string,
  connect: () => Redis | Cluster,
  fault: (traffic: Traffic) => Promise<void>,
  timeoutSeconds?: number,
): Promise<Report> {
  const clients = Array.from({ length: size }, connect);
  // The application's own connections have its own listeners.
  for (const client of clients) client.on('error', () => undefined);
  const stores = clients.map((client) => createRedisStores(client, { timeoutSeconds }));
  try {
    await using fleet = await startFleet(stores.map(({ replay }) => replay));
    // A new server has an unknown past, as far as stores know.
    for (const door of fleet.doors) await waitUntil(async () => (await door(await fleet.prove())) === 'accepted');
    await using traffic = startTraffic(fleet.doors, fleet.prove);
    await traffic.see('accepted', 100);
    await fault(traffic);
    await traffic.see('accepted', 100);
    const report = await traffic.stop();
    expect(report.acceptedTwice).toEqual([]);
    // Who refuses everything proves nothing.
    expect(report.accepted).toBeGreaterThanOrEqual(200);
    process.stdout.write(`Redis ${name}: ${describe(report)}\n`);
    return report;
  } finally {
    await Promise.all(stores.map((store) => store.close()));
    for (const client of clients) client.disconnect();
  }
}

function describe({ presented, accepted, refused, resubmitted }: Report): string {
  const reasons = Object.entries(refused).map(([code, count]) => `${count} ${code}`);
  return `of ${presented} good proofs ${presented - accepted} refused (${reasons.join(', ')}); ${resubmitted} copies, none accepted`;
}
