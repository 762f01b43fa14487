import { describe, expect, test } from 'vitest';
import { alternate } from './measure.mjs';

describe('a comparison', () => {
  test('takes the rows in turn, every other round backwards', async () => {
    const order: string[] = [];
    await alternate([{ name: 'a' }, { name: 'b' }], 3, async ({ name }) => {
      order.push(name);
      return { perSecond: 1, cpuMicroseconds: 1 };
    });
    expect(order.join('')).toBe('abbaab');
  });

  test('compares rows within each round, and says the median, the lowest and the highest', async () => {
    const times: Record<string, number[]> = { limit: [10, 20, 30], row: [20, 80, 300] };
    const rows = await alternate([{ name: 'limit' }, { name: 'row' }], 3, async ({ name }) => {
      const cpuMicroseconds = times[name]?.shift() ?? 0;
      return { perSecond: 1e6 / cpuMicroseconds, cpuMicroseconds };
    });
    expect(rows[0]).toMatchObject({ ratio: 1, cpuRatio: 1, spread: [1, 1] });
    expect(rows[1]).toMatchObject({ ratio: 0.25, cpuRatio: 0.25, spread: [0.1, 0.5] });
    expect(rows[1]?.median).toMatchObject({ cpuMicroseconds: 80 });
  });
});
