import { expect, it } from 'vitest';
import { isFresh } from './freshness.ts';

it.each([
  ['is younger than the limit', 0, 10, 9999, true],
  ['is as old as the limit', 0, 10, 10_000, false],
  ['was learned this very moment', 5000, 10, 5000, true],
  ['was learned this very moment, for a demand that nothing is known before', 5000, 0, 5000, false],
  ['is dated in the future, by a clock that was set back', 5001, 10, 5000, false],
  ['is looked at by a clock that says nothing', 0, 10, Number.NaN, false],
])('tells whether what %s is fresh', (_what, at, maxAgeSeconds, now, expected) => {
  expect(isFresh(at, maxAgeSeconds, now)).toBe(expected);
});
