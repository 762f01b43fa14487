import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitTarget } from './request.ts';

const text = fc.string({
  unit: fc.oneof(
    fc.constantFrom(...'?/#%&='),
    fc.nat(0xff).map((code) => String.fromCharCode(code)),
  ),
});

describe('splitTarget', () => {
  it('finds a path that is all before the first question mark, and nothing else', () => {
    fc.assert(
      fc.property(
        text.map((any) => any.replaceAll('?', '')),
        fc.option(text, { nil: undefined }),
        (path, query) => {
          expect(splitTarget(query === undefined ? path : `${path}?${query}`)).toEqual({ origin: undefined, path });
        },
      ),
    );
  });

  it('finds the path that the same target has without its origin', () => {
    const origin = fc.constantFrom('http://a', 'HTTPS://api.example:443', 'https://[::1]', 'http://u@a;b');
    const rest = fc.tuple(fc.constantFrom('/', '/a', '?', '#'), text).map((parts) => parts.join(''));
    fc.assert(
      fc.property(origin, rest, (start, target) => {
        const { path } = splitTarget(target);
        expect(splitTarget(`${start}${target}`)).toEqual({ origin: start, path: path || '/' });
      }),
    );
  });
});
