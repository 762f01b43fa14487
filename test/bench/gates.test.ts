import { describe, expect, test } from 'vitest';
import { compareBest, listGates } from './gates.mjs';
import type { Line, Table } from './page/figures.mjs';

const line = (name: string, cpuRatio: number): Line => ({ name, cpuRatio, ratio: 1, median: {}, spread: [1, 1] });
const publish = (warm: number, watched: number, dpop: number): { readonly tables: readonly Table[] } => ({
  tables: [
    {
      id: 'bearer',
      title: '',
      kind: 'inProcess',
      rows: [line('Gatehouse, warm', warm), line('Gatehouse, warm, list and decisions', watched)],
    },
    { id: 'dpop', title: '', kind: 'inProcess', rows: [line('Gatehouse, warm, 16 at once', dpop)] },
  ],
});
const rounds = (...times: readonly number[]) => ({
  rounds: times.map((cpuMicroseconds) => ({ perSecond: 1, cpuMicroseconds })),
});

describe('the guard of the speed', () => {
  test('holds a row to what is published, and to no more than its target', () => {
    expect(listGates(publish(30, 20, 0.6)).map(({ least }) => least)).toEqual([25.5, 17, 0.51]);
    expect(listGates(publish(90, 80, 0.95)).map(({ least }) => least)).toEqual([34, 34, 0.748]);
  });

  test('does not pass for want of a row', () => {
    expect(() => listGates({ tables: [] })).toThrow('has no row');
  });

  test('compares the rounds that other work disturbed least', () => {
    expect(compareBest(rounds(4, 2, 9), rounds(80, 100, 300))).toBe(40);
  });
});
