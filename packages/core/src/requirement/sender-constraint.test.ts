import { describe, expect, it } from 'vitest';
import { findStricter, satisfies, senderConstraints } from './sender-constraint.ts';

describe('a sender constraint', () => {
  it('is satisfied by what it names [DPOP-39]', () => {
    expect(senderConstraints.map((constraint) => satisfies('none', constraint))).toEqual([true, false, false]);
    expect(senderConstraints.map((constraint) => satisfies('dpop', constraint))).toEqual([true, true, true]);
  });

  it('is the stricter one of two, in whichever order', () => {
    for (const [index, one] of senderConstraints.entries()) {
      expect(findStricter(one, undefined)).toBe(one);
      expect(findStricter(undefined, one)).toBe(one);
      for (const other of senderConstraints.slice(index)) {
        expect(findStricter(one, other)).toBe(other);
        expect(findStricter(other, one)).toBe(other);
      }
    }
    expect(findStricter(undefined, undefined)).toBeUndefined();
  });
});
