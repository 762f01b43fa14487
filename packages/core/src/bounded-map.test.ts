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
      expect(map.size).toBeLessThanOrEqual(Math.max(2, capacity));
    }
  });

  it('keeps the half of its capacity that was used last', () => {
    const map = new BoundedMap<number, string>(10);
    fill(map, 0, 1000);
    for (let key = 995; key < 1000; key += 1) expect(map.get(key)).toBe(`value ${key}`);
    expect(map.get(980)).toBeUndefined();
  });

  it('keeps what is read again and again, whatever else comes', () => {
    const map = new BoundedMap<number, string>(10);
    map.set(-1, 'wanted');
    for (let key = 0; key < 1000; key += 1) {
      map.set(key, 'other');
      expect(map.get(-1)).toBe('wanted');
    }
  });

  it('replaces and forgets entries of both generations', () => {
    const map = new BoundedMap<number, string>(10);
    fill(map, 0, 8);
    map.set(1, 'again');
    expect(map.get(1)).toBe('again');
    for (const key of [1, 2, 7]) map.delete(key);
    for (const key of [1, 2, 7]) expect(map.get(key)).toBeUndefined();
    expect(map.size).toBe(5);
    expect([...map.values()].sort()).toEqual(['value 0', 'value 3', 'value 4', 'value 5', 'value 6']);
  });
});
