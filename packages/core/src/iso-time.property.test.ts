import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { writeTime } from './iso-time.ts';

/** The last millisecond that a Date can be. */
const last = 8_640_000_000_000_000;

describe('writeTime', () => {
  it('writes what toISOString does, in whatever order the moments come', () => {
    const moment = fc.oneof(
      fc.integer({ min: -last, max: last }),
      fc.integer({ min: 1_750_000_000_000, max: 1_750_000_003_000 }),
      fc.double({ min: -5000, max: 5000, noNaN: true }),
    );
    fc.assert(
      fc.property(fc.array(moment, { minLength: 1 }), (moments) => {
        for (const each of moments) expect(writeTime(each)).toBe(new Date(each).toISOString());
      }),
    );
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, last + 1000])('writes no time for %s', (milliseconds) => {
    expect(() => writeTime(milliseconds)).toThrow(RangeError);
    expect(writeTime(0)).toBe('1970-01-01T00:00:00.000Z');
  });
});
