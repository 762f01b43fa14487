import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJsonObject } from './json.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A JSON text, with what is known of it because it was put together from known parts. */
interface Written {
  readonly text: string;
  readonly isObject: boolean;
  /** How many objects and arrays stand within each other. */
  readonly levels: number;
  /** No object in it repeats a name or has a member `__proto__`. */
  readonly isSound: boolean;
}

const space = fc.string({ unit: fc.constantFrom(' ', '\t', '\n', '\r'), maxLength: 2 });

/** The ways to spell a code point in a string, the shortest first. */
function listSpellings(character: string): readonly string[] {
  const units = character.split('').map((unit) => unit.charCodeAt(0).toString(16).padStart(4, '0'));
  const escaped = [units.map((hex) => `\\u${hex}`).join(''), units.map((hex) => `\\u${hex.toUpperCase()}`).join('')];
  const short: Record<string, string> = { '"': '\\"', '\\': '\\\\', '/': '\\/', '\n': '\\n', '\t': '\\t', '\b': '\\b' };
  const isRaw = character >= ' ' && character !== '"' && character !== '\\' && character.isWellFormed();
  return [...(isRaw ? [character] : []), ...(short[character] === undefined ? [] : [short[character]]), ...escaped];
}

/** A literal for a string, some of its characters escaped. */
function spell(text: string, choices: readonly number[]): string {
  const spelt = [...text].map((character, index) => {
    const spellings = listSpellings(character);
    return spellings[(choices[index % choices.length] ?? 0) % spellings.length];
  });
  return `"${spelt.join('')}"`;
}

const choices = fc.array(fc.nat(3), { minLength: 1, maxLength: 4 });
const name = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom('a', 'b', 'A', '', '"', '\\', '/', '\n', '\0', 'é', 'e\u0301', '\u{1F600}') },
  {
    weight: 9,
    arbitrary: fc.constantFrom('\uD83D', '\uDE00', 'a"', '":', '{', 'constructor', '__proto', '0', '\uFEFF'),
  },
  { weight: 1, arbitrary: fc.constant('__proto__') },
);
const names = fc.oneof(
  { weight: 6, arbitrary: fc.uniqueArray(name, { maxLength: 4 }) },
  { weight: 1, arbitrary: fc.array(name, { maxLength: 4 }) },
);
const scalar = fc
  .oneof(
    fc.constantFrom('true', 'false', 'null'),
    fc.stringMatching(/^-?(?:0|[1-9][0-9]{0,3})(?:\.[0-9]{1,3})?(?:[eE][+-]?[0-9]{1,3})?$/),
    fc
      .tuple(fc.string({ unit: fc.constantFrom(...'{}[]:,"\\/ \n\0aé\u{1F600}\uDC00') }), choices)
      .map(([text, how]) => spell(text, how)),
  )
  .map((text): Written => ({ text, isObject: false, levels: 0, isSound: true }));

function write(isObject: boolean, inside: string, parts: readonly Written[], isSound = true): Written {
  return {
    text: isObject ? `{${inside}}` : `[${inside}]`,
    isObject,
    levels: 1 + Math.max(0, ...parts.map(({ levels }) => levels)),
    isSound: isSound && parts.every((part) => part.isSound),
  };
}

const { value, object } = fc.letrec<{ value: Written; array: Written; object: Written }>((tie) => ({
  value: fc.oneof({ maxDepth: 4, depthIdentifier: 'json' }, scalar, tie('object'), tie('array')),
  array: fc
    .tuple(fc.array(tie('value'), { maxLength: 3, depthIdentifier: 'json' }), space, space)
    .map(([parts, before, after]) =>
      write(false, parts.map(({ text }) => `${before}${text}${after}`).join(',') || before, parts),
    ),
  object: fc
    .tuple(
      names,
      fc.array(tie('value'), { minLength: 4, maxLength: 4, depthIdentifier: 'json' }),
      choices,
      space,
      space,
      space,
    )
    .map(([listed, values, how, before, between, after]) => {
      const parts = values.slice(0, listed.length);
      const members = parts.map(
        ({ text }, index) =>
          `${before}${spell(listed[index] ?? '', how.slice(index % how.length))}${between}:${after}${text}${before}`,
      );
      const isSound = new Set(listed).size === listed.length && !listed.includes('__proto__');
      return write(true, members.join(',') || before, parts, isSound);
    }),
}));

/** Wrapped into objects and arrays, now and then in about as many as are allowed. */
const document = fc
  .tuple(
    fc.oneof({ weight: 4, arbitrary: object }, value),
    fc.array(fc.constantFrom(true, true, true, false), { maxLength: 2 }),
    fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, fc.integer({ min: 60, max: 65 })),
    space,
  )
  .map(([inner, kinds, more, around]) => {
    const wrappers = [...Array.from({ length: more }, (_, index) => index % 3 === 0), ...kinds];
    const wrapped = wrappers.reduce(
      (part, isObject) => write(isObject, isObject ? `"a":${part.text}` : part.text, [part]),
      inner,
    );
    return { ...wrapped, text: around + wrapped.text + around };
  });

describe('parseJsonObject', () => {
  it('takes just the objects that repeat no name and nest 64 levels, however they are written [JWT-20 JWT-21]', () => {
    fc.assert(
      fc.property(document, ({ text, isObject, levels, isSound }) => {
        const read: unknown = JSON.parse(text);
        expect(parseJsonObject(encode(text))).toEqual(isObject && levels <= 64 && isSound ? read : undefined);
      }),
    );
  });

  it('refuses any object with a byte order mark before it [JWT-21]', () => {
    fc.assert(
      fc.property(document, ({ text }) => {
        expect(parseJsonObject(encode(`\uFEFF${text}`))).toBeUndefined();
      }),
    );
  });

  it('reads a string where its bytes are UTF-8, and nothing where they are not [JWT-21]', () => {
    const piece = fc.oneof(
      fc.integer({ min: 0x5d, max: 0x10ffff }).map((code) => [...encode(String.fromCodePoint(code))]),
      fc.constantFrom(
        [0xc0, 0xaf],
        [0xed, 0xa0, 0x80],
        [0xf4, 0x90, 0x80, 0x80],
        [0xe2, 0x82],
        [0xef, 0xbb, 0xbf],
        [0xfe],
      ),
      fc.integer({ min: 0x80, max: 0xff }).map((byte) => [byte]),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 4 }), (pieces) => {
        const inside = Uint8Array.from(pieces.flat());
        const read = parseJsonObject(Buffer.concat([encode('{"a":"'), inside, encode('"}')]));
        expect(read).toEqual(isUtf8(inside) ? { a: Buffer.from(inside).toString() } : undefined);
      }),
    );
  });

  it('makes of any bytes nothing, or what they are as JSON [JWT-21]', () => {
    const edited = fc
      .tuple(document, fc.nat(), fc.nat(2), fc.uint8Array({ maxLength: 3 }))
      .map(([{ text }, at, length, inserted]) => {
        const bytes = encode(text);
        const start = at % (bytes.length + 1);
        return Buffer.concat([bytes.subarray(0, start), inserted, bytes.subarray(start + length)]);
      });
    fc.assert(
      fc.property(fc.oneof(edited, fc.uint8Array()), (bytes) => {
        const read = parseJsonObject(bytes);
        if (read === undefined) return;
        expect(isUtf8(bytes)).toBe(true);
        expect(read).toEqual(JSON.parse(Buffer.from(bytes).toString()));
      }),
    );
  });

  it('reads 128 KiB in no time, whatever they repeat', () => {
    const part = fc.constantFrom(
      '{},',
      '[],',
      '"",',
      '"\\\\",',
      '"\\"",',
      '"a" ,',
      '{"a":0},',
      '        ',
      '\\"',
      '\\\\',
      ':',
      '"a',
      'a',
    );
    fc.assert(
      fc.property(
        part,
        part,
        fc.constantFrom('{"a":[', '{"a":"', '{"a'),
        fc.constantFrom('0]}', '"}', '":0}'),
        (one, other, before, after) => {
          const bytes = encode(
            before + one.repeat(2 ** 16 / one.length) + other.repeat(2 ** 16 / other.length) + after,
          );
          const startedAt = process.cpuUsage();
          parseJsonObject(bytes);
          // Of this process, however busy the machine is.
          expect(process.cpuUsage(startedAt).user / 1000).toBeLessThan(500);
        },
      ),
    );
  });
});
