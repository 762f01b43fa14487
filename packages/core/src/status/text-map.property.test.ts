import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TextMap } from './text-map.ts';

const text = fc.oneof(fc.constantFrom('', '__proto__', 'a', 'b', 'ab', 'ba', '\u{1F600}'), fc.string({ maxLength: 2 }));
const step = fc.record({ text, isSet: fc.boolean(), version: fc.nat(3) });

describe('a text map', () => {
  it('does what a Map does', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), text, (steps, asked) => {
        const map = new TextMap<{ readonly value: string; readonly version: number }>();
        const model = new Map<string, { readonly value: string; readonly version: number }>();
        for (const { text: value, isSet, version } of steps) {
          if (isSet) {
            map.set({ value, version });
            model.set(value, { value, version });
          } else {
            map.delete(value);
            model.delete(value);
          }
          expect(map.size).toBe(model.size);
          expect(map.get(value)).toEqual(model.get(value));
        }
        expect(map.get(asked)).toEqual(model.get(asked));
        const sorted = (values: Iterable<object>) => [...values].map((value) => JSON.stringify(value)).sort();
        expect(sorted(map.values())).toEqual(sorted(model.values()));
      }),
    );
  });
});
