import { describe, expect, it } from 'vitest';
import { TextMap } from './text-map.ts';

interface Value {
  readonly value: string;
  readonly version?: number;
}

describe('a text map', () => {
  it('finds what was put in, and nothing else', () => {
    const map = new TextMap<Value>();
    expect(map.get('a')).toBeUndefined();
    map.set({ value: 'a', version: 1 });
    map.set({ value: '', version: 2 });
    map.set({ value: 'a', version: 3 });
    expect([map.get('a')?.version, map.get('')?.version, map.get('b'), map.size]).toEqual([3, 2, undefined, 2]);
    map.delete('b');
    map.delete('a');
    expect([map.get('a'), map.get('')?.version, map.size]).toEqual([undefined, 2, 1]);
  });

  it('holds many, and gives the room of those that have gone to others', () => {
    const map = new TextMap<Value>();
    const texts = (from: number) => Array.from({ length: 5000 }, (_, index) => `text-${from + index}`);
    // Ten times what is ever there at once.
    for (let round = 0; round < 10; round += 1) {
      for (const value of texts(round * 5000)) map.set({ value });
      for (const text of texts((round - 1) * 5000)) map.delete(text);
      expect(map.size).toBe(5000);
      expect(texts(round * 5000).every((text) => map.get(text)?.value === text)).toBe(true);
      expect(texts((round - 1) * 5000).some((text) => map.get(text) !== undefined)).toBe(false);
      expect([...map.values()].length).toBe(5000);
    }
  });

  it('goes on finding while one text comes and goes', () => {
    const map = new TextMap<Value>();
    for (let round = 0; round < 1000; round += 1) {
      map.set({ value: `text-${round}` });
      expect(map.get(`text-${round}`)).toBeDefined();
      map.delete(`text-${round}`);
      expect(map.get('absent')).toBeUndefined();
    }
    expect(map.size).toBe(0);
  });
});
