import { createMemoryReplayStore } from '@gatehouse/core';
import { createTestClock, replayStoreRules } from '@gatehouse/testing';
import { describe, it } from 'vitest';

describe('the replay memory keeps the contract of replay stores: it', () => {
  it.each(replayStoreRules)('$rule', async ({ check }) => {
    const clock = createTestClock();
    await check(() => createMemoryReplayStore({ now: clock.now }), clock);
  });
});
