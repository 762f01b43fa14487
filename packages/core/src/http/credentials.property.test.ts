import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AuthError } from '../errors.ts';
import { parseCredentials } from './credentials.ts';
import type { HttpRequest } from './request.ts';

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const digits = '0123456789';
/** RFC 9110 §5.6.2 */
const tchar = [...letters, ...digits, ..."!#$%&'*+-.^_`|~"];
/** RFC 9110 §11.2, without the padding */
const token68char = [...letters, ...digits, ...'-._~+/'];
/** No scheme is read beyond this. */
const longestPrefix = 64;

/** What becomes of a field, told letter by letter from RFC 9110 §11.4: no regular expression, no search. */
function judge(field: string, maxBytes: number): { scheme: 'Bearer'; token: string } | string {
  let at = 0;
  while (at < longestPrefix && tchar.includes(field.charAt(at))) at += 1;
  const scheme = field.slice(0, at);
  if (scheme === '' || (at < Math.min(field.length, longestPrefix) && field[at] !== ' ')) {
    return 'ERR_AUTHORIZATION_MALFORMED';
  }
  if (scheme.toLowerCase() !== 'bearer') return 'ERR_SCHEME_UNSUPPORTED';

  let start = at;
  while (start < longestPrefix && field[start] === ' ') start += 1;
  if (field.length - start > maxBytes) return 'ERR_AUTHORIZATION_TOO_LARGE';
  while (field[start] === ' ') start += 1;

  const token = field.slice(start);
  let end = token.length;
  while (token[end - 1] === '=') end -= 1;
  const isToken68 =
    end > 0 &&
    token
      .slice(0, end)
      .split('')
      .every((character) => token68char.includes(character));
  return isToken68 ? { scheme: 'Bearer', token } : 'ERR_AUTHORIZATION_MALFORMED';
}

/** What `parseCredentials` makes of these fields: credentials, or the code of its refusal. Anything else it throws fails the test. */
function parse(fields: readonly string[], maxBytes: number, truncated = false): unknown {
  const request: HttpRequest = { method: 'GET', target: '/', headers: { authorization: fields }, truncated };
  try {
    return parseCredentials(request, maxBytes);
  } catch (error) {
    if (!AuthError.is(error)) throw error;
    return error.code;
  }
}

const repeat = (text: string, length: number): string => text.repeat(Math.ceil(length / text.length)).slice(0, length);

const bearer = fc.mixedCase(fc.constant('bearer'));
const spaces = fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 70 })).map((count) => ' '.repeat(count));
const token68 = fc
  .tuple(fc.string({ unit: fc.constantFrom(...token68char), minLength: 1, maxLength: 100 }), fc.nat(3))
  .map(([text, padding]) => text + '='.repeat(padding));
const valid = fc.tuple(bearer, spaces, token68);
const limit = fc.oneof({ weight: 3, arbitrary: fc.constant(Number.POSITIVE_INFINITY) }, fc.nat(140));

const character = fc.nat(0x10ffff).map((code) => String.fromCodePoint(code));

/** Fields that are wrong in a place or two, where a lax parser looks away. */
const nasty = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...' ,="\\;:\t\n\0\u00A0', '', ', ', '\r\n', '\u2028', '\uFEFF') },
  fc.constantFrom('Bearer', 'Bearer ', 'DPoP ', '\u0130', '\u017F', '\u212A'),
  fc.string({ unit: character, maxLength: 3 }),
);
const nearlyValid = fc
  .tuple(valid, fc.array(fc.tuple(fc.nat(180), fc.nat(2), nasty), { minLength: 1, maxLength: 2 }))
  .map(([parts, edits]) =>
    edits.reduce((text, [at, length, inserted]) => {
      const position = at % (text.length + 1);
      return text.slice(0, position) + inserted + text.slice(position + length);
    }, parts.join('')),
  );
const anyField = fc.oneof(
  valid.map((parts) => parts.join('')),
  { weight: 4, arbitrary: nearlyValid },
  fc.string({ unit: character }),
  fc.string(),
);

describe('parseCredentials', () => {
  it('gives back the token of every field of the grammar, byte for byte [BRR-01 BRR-02 BRR-03 BRR-04]', () => {
    fc.assert(
      fc.property(valid, ([scheme, separator, token]) => {
        expect(parse([`${scheme}${separator}${token}`], Number.POSITIVE_INFINITY)).toEqual({ scheme: 'Bearer', token });
      }),
    );
  });

  it('judges every field as the grammar does, with the code that tells why [BRR-03 BRR-04 BRR-11 BRR-21]', () => {
    fc.assert(
      fc.property(anyField, limit, (field, maxBytes) => {
        expect(parse([field], maxBytes)).toEqual(judge(field, maxBytes));
      }),
    );
  });

  it('refuses several fields whatever is in them, and any when some were dropped [BRR-07]', () => {
    fc.assert(
      fc.property(anyField, fc.array(anyField, { minLength: 1, maxLength: 3 }), (field, others) => {
        expect(parse([field, ...others], 100)).toBe('ERR_AUTHORIZATION_REPEATED');
        expect(parse([field, ...others], 100, true)).toBe('ERR_FIELDS_TRUNCATED');
        expect(parse([field], 100, true)).toBe('ERR_FIELDS_TRUNCATED');
      }),
    );
  });

  it('reads 128 KiB, twice the largest limit, in no time, whatever they repeat [BRR-21]', () => {
    const part = fc.string({
      unit: fc.constantFrom(' ', '=', 'a', '.', ',', '"', '\t', 'é'),
      minLength: 1,
      maxLength: 3,
    });
    const start = fc.constantFrom('', 'Bearer', 'Bearer ', 'Bearer a');
    fc.assert(
      fc.property(start, part, part, fc.constantFrom('', ' ', '"', 'a', '='), (before, one, other, after) => {
        const field = `${before}${repeat(one, 2 ** 16)}${repeat(other, 2 ** 16)}${after}`;
        const startedAt = process.cpuUsage();
        parse([field], Number.POSITIVE_INFINITY);
        // Of this process, however busy the machine is.
        expect(process.cpuUsage(startedAt).user / 1000).toBeLessThan(500);
      }),
    );
  });
});
