import type { Revocation } from '@gatehouse/core';
import type { RedisRevocations } from '@gatehouse/redis';
import { expect } from 'vitest';
import { ask, idsOf, makeEntry, subOf, trust } from './revocation-stores.ts';
import { waitUntil } from './wait-until.mjs';

/** How many processes there are. */
const size = 3;

/** Processes that revoke while something goes wrong. */
export interface RevokingFleet {
  readonly lists: readonly RedisRevocations[];
  /** Revokes this many at the processes in turn, whether or not it is confirmed. */
  revoke(count: number): Promise<void>;
  /** The same until each process has one more that is confirmed. */
  revokeUntilConfirmed(): Promise<void>;
}

/**
 * Revokes at three processes before a fault, while it lasts, and after it. Expects that nothing that was revoked is ever
 * good again where it was known; that all of it is known everywhere in the end, what was not confirmed included; and that
 * a process that starts then knows the same.
 *
 * @param open the list of another process
 * @param fault what happens
 */
export async function proveRevokedUnderFault(
  open: () => RedisRevocations,
  fault: (fleet: RevokingFleet) => Promise<void>,
): Promise<void> {
  const lists = Array.from({ length: size }, () => open());
  await trust(lists);
  const attempted: Revocation[] = [];
  const confirmed: Revocation[] = [];
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

  async function revokeAt(list: RedisRevocations): Promise<boolean> {
    const entry = makeEntry();
    attempted.push(entry);
    const isConfirmed = await list.add(entry).then(
      () => true,
      () => false,
    );
    if (isConfirmed) confirmed.push(entry);
    lookForUndone();
    return isConfirmed;
  }

  const fleet: RevokingFleet = {
    lists,
    async revoke(count) {
      for (let index = 0; index < count; index += 1) await revokeAt(lists[index % size] as RedisRevocations);
    },
    async revokeUntilConfirmed() {
      for (const list of lists) await waitUntil(() => revokeAt(list));
    },
  };

  await fleet.revoke(20);
  await fault(fleet);
  await fleet.revokeUntilConfirmed();
  await fleet.revoke(20);
  await waitUntil(async () => {
    lookForUndone();
    return lists.every((list) => attempted.every((entry) => ask(list, subOf(entry)) === 'revoked'));
  });
  const late = open();
  await waitUntil(async () => late.ready().then(() => true));
  await waitUntil(async () => lists.every((list) => idsOf(list).join() === idsOf(late).join()));
  // A process that starts has nothing but what Redis has.
  expect(confirmed.length).toBeGreaterThanOrEqual(20);
  expect(confirmed.filter((entry) => ask(late, subOf(entry)) !== 'revoked')).toEqual([]);
  await waitUntil(async () => [...lists, late].every((list) => list.health().state === 'current'));
}
