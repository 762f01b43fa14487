import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { isAnonymous, parseCredentials } from './credentials.ts';
import type { HttpRequest } from './request.ts';

const limit = 64;
const request = (...authorization: string[]): HttpRequest => ({
  method: 'GET',
  target: '/?access_token=from.the.query',
  headers: { authorization },
});
const parse = (...fields: string[]) => parseCredentials(request(...fields), limit);
const refusal = (code: string) => expect.objectContaining({ code });

describe('parseCredentials', () => {
  it.each(['Bearer', 'bearer', 'BEARER', 'bEaReR'])('takes the scheme as %s, in any case [BRR-01 BRR-02]', (scheme) => {
    expect(parse(`${scheme} aBcD`)).toEqual({ scheme: 'Bearer', token: 'aBcD' });
  });

  it.each([1, 2, 7, 60])('takes %i spaces between scheme and token [BRR-03]', (count) => {
    expect(parse(`Bearer${' '.repeat(count)}abc`)).toEqual({ scheme: 'Bearer', token: 'abc' });
  });

  it.each(['a', 'a.b.c', '-._~+/', 'AZaz09', 'abc=', 'abc=='])('takes the token68 %s [BRR-04]', (token) => {
    expect(parse(`Bearer ${token}`).token).toBe(token);
  });

  it.each([
    ['a comma', 'abc,x'],
    ['a list of credentials', 'abc, Bearer def'],
    ['a second word', 'abc def'],
    ['a space at its end', 'abc '],
    ['a quote', 'a"bc'],
    ['a semicolon', 'abc;x'],
    ['a backslash', 'a\\bc'],
    ['a letter outside ASCII', 'abcé'],
    ['a letter outside Latin-1', 'abc\u{1F600}'],
    ['a NUL', 'abc\0'],
    ['a line feed at its end', 'abc\n'],
    ['a tab at its end', 'abc\t'],
    ['a tab before it', '\tabc'],
    ['an equals sign within', 'a=bc'],
    ['nothing but padding', '=='],
    ['a parameter', 'token="abc"'],
  ])('refuses a token with %s [BRR-03 BRR-04]', (_, token) => {
    expect(() => parse(`Bearer ${token}`)).toThrow(refusal('ERR_AUTHORIZATION_MALFORMED'));
    expect(parse('Bearer abc').token).toBe('abc');
  });

  it.each([
    ['is empty', ''],
    ['is a scheme alone', 'Bearer'],
    ['is a scheme and a space', 'Bearer '],
    ['is a scheme and many spaces', `Bearer${' '.repeat(100)}`],
    ['separates with a tab', 'Bearer\tabc'],
    ['begins with a space', ' Bearer abc'],
    ['begins with a comma', ',Bearer abc'],
    ['has a colon for the space', 'Bearer:abc'],
    ['has a comma behind the scheme', 'Bearer,abc'],
  ])('refuses a field that %s [BRR-03]', (_, field) => {
    expect(() => parse(field)).toThrow(refusal('ERR_AUTHORIZATION_MALFORMED'));
  });

  it.each([
    ['Bearer twice', 'Bearer abc', 'Bearer def'],
    ['the same one twice', 'Bearer abc', 'Bearer abc'],
    ['Bearer, then DPoP', 'Bearer abc', 'DPoP abc'],
    ['Basic, then Bearer', 'Basic abc', 'Bearer abc'],
    ['an empty one first', '', 'Bearer abc'],
  ])('refuses a field that is repeated: %s [BRR-07]', (_, ...fields) => {
    expect(() => parse(...fields)).toThrow(refusal('ERR_AUTHORIZATION_REPEATED'));
    expect(parse('Bearer abc').token).toBe('abc');
  });

  it.each([
    ['Basic', 'Basic dXNlcjpwYXNz'],
    ['Digest', 'Digest username="a", realm="b"'],
    ['a name that begins with Bearer', 'BearerX abc'],
    ['Bearer without a space', 'Bearerabc'],
    ['another scheme alone', 'Negotiate'],
    ['a token without a scheme', 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl'],
    ['a long token without a scheme', `eyJhbGciOiJFUzI1NiJ9.${'a'.repeat(5000)}.c2ln`],
  ])('takes %s for no credentials at all [BRR-11]', (_, field) => {
    expect(() => parse(field)).toThrow(refusal('ERR_SCHEME_UNSUPPORTED'));
  });

  it('takes a scheme that is not served here for no credentials at all [BRR-11]', () => {
    expect(parse('DPoP abc')).toEqual({ scheme: 'DPoP', token: 'abc' });
    expect(() => parseCredentials(request('DPoP abc'), limit, ['Bearer'])).toThrow(refusal('ERR_SCHEME_UNSUPPORTED'));
  });

  it('refuses a request without the field, whatever its query holds [BRR-05 BRR-10]', () => {
    const { method, target } = request();
    expect(() => parseCredentials({ method, target, headers: {} }, limit)).toThrow(refusal('ERR_TOKEN_ABSENT'));
    expect(() => parse()).toThrow(refusal('ERR_TOKEN_ABSENT'));
  });

  it.each(['Bearer', 'DPoP'])('looks at no other field, whatever %s credentials it holds [CHL-14]', (scheme) => {
    const headers = {
      'proxy-authorization': [`${scheme} abc`],
      cookie: ['access_token=abc'],
      'x-authorization': [`${scheme} abc`],
    };
    expect(() => parseCredentials({ method: 'GET', target: '/', headers }, limit)).toThrow(refusal('ERR_TOKEN_ABSENT'));
  });

  it('takes a token as long as the limit, and refuses one byte more unparsed [BRR-21]', () => {
    expect(parse(`Bearer ${'a'.repeat(limit)}`).token).toHaveLength(limit);
    expect(() => parse(`Bearer ${'a'.repeat(limit + 1)}`)).toThrow(refusal('ERR_AUTHORIZATION_TOO_LARGE'));
    // Not of the grammar either: the length is looked at first.
    expect(() => parse(`Bearer ${'"'.repeat(limit + 1)}`)).toThrow(refusal('ERR_AUTHORIZATION_TOO_LARGE'));
  });

  it.each([
    ['a token', `Bearer ${'a'.repeat(5_000_000)}`],
    ['a scheme', 'a'.repeat(5_000_000)],
    ['spaces', `Bearer${' '.repeat(5_000_000)}"`],
    ['padding', `Bearer ${'='.repeat(5_000_000)}`],
  ])('refuses five megabytes of %s without reading them through [BRR-21]', (_, field) => {
    const startedAt = performance.now();
    expect(() => parse(field)).toThrow();
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });

  it('puts nothing of the field into its errors [LOG-01]', () => {
    for (const field of ['canary', 'Bearer canary,', `Bearer ${'canary'.repeat(20)}`, 'canary x', '"canary"']) {
      try {
        parse(field);
        expect.unreachable();
      } catch (error) {
        expect(inspect(error, { depth: 9 }) + JSON.stringify(error)).not.toContain('canary');
      }
    }
  });
});

describe('isAnonymous', () => {
  it('is true only of a request without any Authorization field', () => {
    expect(isAnonymous({ method: 'GET', target: '/', headers: {} })).toBe(true);
    expect(isAnonymous(request('Bearer abc'))).toBe(false);
    expect(isAnonymous(request('Basic abc'))).toBe(false);
    expect(isAnonymous(request(''))).toBe(false);
    expect(isAnonymous(request())).toBe(false);
  });
});
