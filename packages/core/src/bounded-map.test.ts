import { describe, expect, it } from 'vitest';
import { BoundedMap } from './bounded-map.ts';

const fill = (map: BoundedMap<number, string>, from: number, to: number) => {
  for (let key = from; key < to; key += 1) map.set(key, `value ${key}`);
};

describe('a bounded map', () => {
  it.each([1, 2, 3, 10, 101])('never holds more than %d entries', (capacity) => {
    const map = new BoundedMap<number, string>(capacity);
    for (let key = 0; key < 1000; key += 1) {
      map.set(key, 'value');
      map.get(key - 3);
      expect(map.size).toBeLessThanOrEqual(capacity);
    }
  });

  it('keeps as many as there is room for of those that were used last, in whichever way', () => {
    const map = new BoundedMap<number, string>(10);
    fill(map, 0, 10);
    for (const key of [3, 0, 3]) map.get(key);
    map.set(1, 'again');
    fill(map, 10, 17);
    expect([...map.values()].sort()).toEqual(
      ['again', 'value 0', 'value 3', ...[10, 11, 12, 13, 14, 15, 16].map((key) => `value ${key}`)].sort(),
    );
  });

  it('keeps all, when as many as there is room for come in turn', () => {
    const map = new BoundedMap<number, string>(10);
    fill(map, 0, 10);
    for (let turn = 0; turn < 35; turn += 1) expect(map.get(turn % 10)).toBe(`value ${turn % 10}`);
  });

  it('keeps what is read again and again, whatever else comes', () => {
    const map = new BoundedMap<number, string>(10);
    map.set(-1, 'wanted');
    for (let key = 0; key < 1000; key += 1) {
      map.set(key, 'other');
      expect(map.get(-1)).toBe('wanted');
    }
  });

  it('replaces and forgets entries wherever they stand in the order', () => {
    const map = new BoundedMap<number, string>(10);
    fill(map, 0, 8);
    map.set(1, 'again');
    expect(map.get(1)).toBe('again');
    for (const key of [0, 1, 2, 7, 7]) map.delete(key);
    for (const key of [0, 1, 2, 7]) expect(map.get(key)).toBeUndefined();
    expect([...map.values()].sort()).toEqual(['value 3', 'value 4', 'value 5', 'value 6']);
    fill(map, 10, 18);
    expect(map.size).toBe(10);
    expect(map.get(4)).toBeUndefined();
    expect(map.get(5)).toBe('value 5');
  });

  it('has room again for as many, after all were forgotten', () => {
    const map = new BoundedMap<number, string>(3);
    for (const from of [0, 10]) {
      fill(map, from, from + 4);
      expect([...map.values()]).toEqual([1, 2, 3].map((key) => `value ${from + key}`));
      for (let key = from; key < from + 4; key += 1) map.delete(key);
      expect(map.size).toBe(0);
    }
  });
});
