import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pathOf } from './request.ts';

const text = fc.string({
  unit: fc.oneof(
    fc.constantFrom(...'?/#%&='),
    fc.nat(0xff).map((code) => String.fromCharCode(code)),
  ),
});

describe('pathOf', () => {
  it('is all of a request target before its first question mark, and nothing else', () => {
    fc.assert(
      fc.property(
        text.map((any) => any.replaceAll('?', '')),
        fc.option(text, { nil: undefined }),
        (path, query) => {
          expect(pathOf(query === undefined ? path : `${path}?${query}`)).toBe(path);
        },
      ),
    );
  });
});
