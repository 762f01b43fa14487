import { createMemoryReplayStore, type ReplayStore, UnavailableError } from '@gatehouse/core';
import { expect, test } from 'vitest';
import { startFleet } from './fleet.ts';
import { startTraffic } from './traffic.ts';

test('a store that forgets nothing accepts each new proof once, and no other', async () => {
  const store = createMemoryReplayStore();
  await using fleet = await startFleet([store, store]);
  await using traffic = startTraffic(fleet.doors, fleet.prove);
  await traffic.see('accepted', 50);
  const { presented, accepted, refused, resubmitted, acceptedTwice } = await traffic.stop();
  expect(presented).toBeGreaterThanOrEqual(50);
  expect({ accepted, refused, acceptedTwice }).toEqual({ accepted: presented, refused: {}, acceptedTwice: [] });
  expect(resubmitted).toBeGreaterThan(2 * presented);
});

test('stores that know nothing of each other are found out', async () => {
  await using fleet = await startFleet([createMemoryReplayStore(), createMemoryReplayStore()]);
  await using traffic = startTraffic(fleet.doors, fleet.prove);
  await traffic.see('accepted', 20);
  const { accepted, acceptedTwice } = await traffic.stop();
  expect(acceptedTwice).toHaveLength(accepted);
});

test('a store that forgets for a moment is found out, however soon it is in order again', async () => {
  const stores = [createMemoryReplayStore(), createMemoryReplayStore()];
  let present = 0;
  const forgetful: ReplayStore = { record: (proof) => stores[present]?.record(proof) ?? 'replayed' };
  await using fleet = await startFleet([forgetful]);
  await using traffic = startTraffic(fleet.doors, fleet.prove);
  await traffic.see('accepted', 20);
  present = 1;
  await traffic.see('accepted');
  present = 0;
  expect((await traffic.stop()).acceptedTwice).not.toEqual([]);
});

test('good proofs that are refused are counted by their answers, and seen', async () => {
  const memory = createMemoryReplayStore();
  const away: ReplayStore = {
    record() {
      throw new UnavailableError('ERR_REPLAY_STORE_UNAVAILABLE', 1);
    },
  };
  let present = memory;
  await using fleet = await startFleet([{ record: (proof) => present.record(proof) }]);
  await using traffic = startTraffic(fleet.doors, fleet.prove);
  await traffic.see('accepted');
  present = away;
  await traffic.see('ERR_REPLAY_STORE_UNAVAILABLE', 5);
  present = memory;
  await traffic.see('accepted');
  const { presented, accepted, refused, acceptedTwice } = await traffic.stop();
  expect(refused).toEqual({ ERR_REPLAY_STORE_UNAVAILABLE: presented - accepted });
  expect(presented - accepted).toBeGreaterThanOrEqual(5);
  expect(acceptedTwice).toEqual([]);
});
