import { describe, expect, it } from 'vitest';
import { isJsonObject, parseJsonObject } from './json.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const parse = (text: string) => parseJsonObject(encode(text));
const nest = (levels: number, open: string, close: string): string => open.repeat(levels) + close.repeat(levels);

describe('parseJsonObject', () => {
  it('gives the object that the bytes hold', () => {
    expect(parse(' {"a": [1, -2.5e3, "x", true, false, null], "b": {}, "é": "\\u0000"}\n')).toEqual({
      a: [1, -2500, 'x', true, false, null],
      b: {},
      é: '\0',
    });
  });

  it.each(['[]', '[{"a":1}]', '1', '"a"', 'true', 'null'])('refuses %s, which is no object [JWT-21]', (text) => {
    expect(parse(text)).toBeUndefined();
    expect(parse(`{"a":${text}}`)).toBeDefined();
  });

  it.each([
    '',
    ' ',
    '{',
    '{"a":1,}',
    "{'a':1}",
    '{"a":1}{"b":1}',
    '{"a":1}x',
    '{a:1}',
    '{"a":NaN}',
    '{"a":"\n"}',
    '//\n{}',
  ])('refuses %j, which is not JSON [JWT-21]', (text) => {
    expect(parse(text)).toBeUndefined();
  });

  it('refuses a byte order mark [JWT-21]', () => {
    expect(parseJsonObject(Uint8Array.of(0xef, 0xbb, 0xbf, ...encode('{"a":1}')))).toBeUndefined();
    expect(parseJsonObject(encode('{"a":1}'))).toEqual({ a: 1 });
    // Within a string it is a character like any other.
    expect(parse('{"a":"\uFEFF"}')).toEqual({ a: '\uFEFF' });
  });

  it.each([
    ['a lone continuation byte', [0x80]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['a character cut short', [0xe2, 0x82]],
    ['a byte that UTF-8 does not have', [0xff]],
  ])('refuses %s: only UTF-8 is read [JWT-21]', (_, bytes) => {
    const around = (inner: readonly number[]) => Uint8Array.of(...encode('{"a":"'), ...inner, ...encode('"}'));
    expect(parseJsonObject(around(bytes))).toBeUndefined();
    expect(parseJsonObject(around([0xe2, 0x82, 0xac]))).toEqual({ a: '€' });
  });

  it('refuses UTF-16', () => {
    expect(parseJsonObject(Buffer.from('{"a":1}', 'utf16le'))).toBeUndefined();
  });

  it.each([
    ['at the top', '{"a":1,"a":2}', '{"a":1,"b":2}'],
    ['with the same value', '{"a":1,"a":1}', '{"a":1,"aa":1}'],
    ['far apart', '{"a":1,"b":[{"c":{}}],"a":1}', '{"a":1,"b":[{"c":{}}],"d":1}'],
    ['within an object', '{"x":{"a":1,"a":2}}', '{"x":{"a":1,"A":2}}'],
    ['within an array', '{"x":[[{"a":1,"a":2}]]}', '{"x":[[{"a":1},{"a":2}]]}'],
    ['escaped', '{"a":1,"\\u0061":2}', '{"a":1,"\\u0062":2}'],
    ['both escaped, by different cases', '{"\\u00E9":1,"\\u00e9":2}', '{"\\u00E9":1,"\\u00e8":2}'],
    ['as an escaped slash', '{"/":1,"\\/":2}', '{"/":1,"\\\\/":2}'],
    ['empty', '{"":1,"":2}', '{"":1," ":2}'],
    ['with a quote in it', '{"\\"":1,"\\"":2}', '{"\\"":1,"\\"\\"":2}'],
    ['behind a string that ends in a backslash', '{"b":"\\\\","a":1,"a":2}', '{"b":"\\\\","a":1,"c":2}'],
    ['behind a string that ends in a quote', '{"b":"\\\\\\"","a":1,"a":2}', '{"b":"\\\\\\"","a":1,"c":2}'],
    ['with space before the colon', '{"a" \r\n\t:1,"a":2}', '{"a" \r\n\t:1,"b":2}'],
  ])('refuses a member that is repeated %s [JWT-20]', (_, repeated, control) => {
    expect(parse(repeated)).toBeUndefined();
    expect(parse(control)).toBeDefined();
  });

  it.each([
    ['the same name in sibling objects', '{"a":{"x":1},"b":{"x":1},"c":[{"x":1},{"x":1}]}'],
    ['the same name in parent and child', '{"a":{"a":{"a":1}}}'],
    ['a value that is equal to a name', '{"a":"a","b":["a","a","b"]}'],
    ['braces and colons in strings', '{"a":"{\\"a\\":1}","b":"}:{,\\"a\\":","c":"[]]"}'],
    ['a string that ends in a backslash', '{"a":"\\\\","b":"\\\\\\"","c":1}'],
    ['names that differ in case or normal form', '{"k":1,"K":2,"\u00E9":3,"e\u0301":4}'],
    ['names of what every object has', '{"constructor":1,"toString":2,"hasOwnProperty":3}'],
  ])('takes %s', (_, text) => {
    expect(parse(text)).toEqual(JSON.parse(text));
  });

  it.each(['{"__proto__":{"admin":true}}', '{"a":[{"__proto__":1}]}', '{"\\u005f_proto__":{}}'])(
    'refuses a member that would change the prototype of a copy: %s',
    (text) => {
      expect(parse(text)).toBeUndefined();
      expect(parse(text.replace('proto', 'photo'))).toBeDefined();
    },
  );

  it.each([
    ['objects', (levels: number) => `${'{"a":'.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`],
    ['arrays', (levels: number) => `{"a":${nest(levels - 1, '[', ']')}}`],
  ])('takes 64 levels of %s and refuses 65', (_, write) => {
    expect(parse(write(64))).toBeDefined();
    expect(parse(write(65))).toBeUndefined();
    expect(parse(write(200_000))).toBeUndefined();
  });

  it('counts levels, not members', () => {
    expect(parse(`{"a":[${'[],{},'.repeat(1000)}0]}`)).toBeDefined();
    expect(parse(`{"a":"${nest(100, '[', ']')}"}`)).toBeDefined();
  });

  it.each([
    ['escapes', `{"a":"${'\\n'.repeat(500_000)}"}`],
    ['members', `{${Array.from({ length: 50_000 }, (_, index) => `"${index}":0`).join()}}`],
    ['spaces', `{"a"${' '.repeat(500_000)}:1}`],
  ])('reads very many %s in linear time', (_, text) => {
    const startedAt = performance.now();
    expect(parse(text)).toBeDefined();
    expect(performance.now() - startedAt).toBeLessThan(2000);
  });
});

describe('isJsonObject', () => {
  it.each([
    [{}, true],
    [Object.create(null), true],
    [[], false],
    [null, false],
    [undefined, false],
    ['{}', false],
    [() => ({}), false],
  ])('tells of %s: %s', (value, expected) => {
    expect(isJsonObject(value)).toBe(expected);
  });
});
