import { describe, expect, it } from 'vitest';
import type { Verdict } from './requirement.ts';
import { readVerdict } from './verdict.ts';

describe('readVerdict', () => {
  it.each([[true], [{ allow: true }], [{ allow: true, reasons: ['r'], policies: ['p'] }]])(
    'reads %j as a grant',
    (verdict) => {
      expect(readVerdict(verdict).allow).toBe(true);
    },
  );

  it.each([
    [false],
    [1],
    ['yes'],
    ['true'],
    [{}],
    [[]],
    [[true]],
    [{ allow: 1 }],
    [{ allow: 'true' }],
    [{ allow: false }],
    [{ allow: undefined }],
    [{ allowed: true }],
    [null],
    [undefined],
    [Object(true)],
    [Promise.resolve(true)],
    [() => true],
  ] as unknown[][])('reads %j as a no: only true and { allow: true } grant', (verdict) => {
    expect(readVerdict(verdict as Verdict)).toEqual({ allow: false, reasons: [], policies: [] });
  });

  it('keeps reasons and policies', () => {
    const verdict = { allow: false, reasons: ['not the owner'], policies: ['docs-1'] };
    expect(readVerdict(verdict)).toEqual(verdict);
  });
});
