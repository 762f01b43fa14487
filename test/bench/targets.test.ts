import { describe, expect, test } from 'vitest';
import type { Row } from './measure.mjs';
import { judge, targets } from './targets.mjs';

const row = (name: string, cpuMicroseconds: number): Row => ({
  name,
  median: { cpuMicroseconds },
  ratio: 1,
  cpuRatio: 1,
  spread: [1, 1],
  rounds: [{ perSecond: 1e6 / cpuMicroseconds, cpuMicroseconds }],
});
const find = (path: string, tables: Record<string, readonly Row[]>) =>
  judge(tables).find((result) => result.path === path);

describe('a target', () => {
  const path = 'bearer over Express ÷ bare';

  test.each([
    [100, 1, true],
    [106, 0.943, false],
  ])('is judged by the rows that it names: %i µs', (microseconds, measured, reached) => {
    const rows = [row('bare', 100), row('Gatehouse', microseconds)];
    const result = find(path, { 'express-bearer': rows });
    expect(result).toMatchObject({ target: 'at least 0.95', reached });
    expect(result?.measured).toBeCloseTo(measured, 3);
  });

  test('that a run left out is neither reached nor missed', () => {
    const results = judge({});
    expect(results).toHaveLength(targets.length);
    for (const result of results) expect(result).not.toHaveProperty('reached');
  });

  test('ends the run when its table has lost a row, but for one that only a full run has', () => {
    expect(() => judge({ 'express-bearer': [row('bare', 100)] })).toThrow('has no row that the target');
    expect(find('one of a million proofs in Redis', { bytes: [] })).not.toHaveProperty('reached');
  });
});
