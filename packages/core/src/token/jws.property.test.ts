import fc from 'fast-check';
import { base64url, decodeJwt, decodeProtectedHeader } from 'jose';
import { describe, expect, it } from 'vitest';
import { decodeBase64url } from '../base64url.ts';
import { InvalidTokenError } from '../errors.ts';
import { type ParsedJws, parseJws } from './jws.ts';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** RFC 4648 §5 without padding, bit by bit: undefined unless the text is the only one for its bytes. */
function decodeBitByBit(text: string): readonly number[] | undefined {
  const bytes: number[] = [];
  let [bits, count] = [0, 0];
  for (const character of text) {
    const value = alphabet.indexOf(character);
    if (value === -1) return undefined;
    [bits, count] = [bits * 64 + value, count + 6];
    if (count >= 8) {
      count -= 8;
      bytes.push(Math.floor(bits / 2 ** count));
      bits %= 2 ** count;
    }
  }
  return count < 6 && bits === 0 ? bytes : undefined;
}

/** The parts of a JWS, or undefined where it is refused. Any other error fails the test. */
function parse(compact: string): ParsedJws | undefined {
  try {
    return parseJws(compact);
  } catch (error) {
    if (error instanceof InvalidTokenError && error.code === 'ERR_TOKEN_MALFORMED') return undefined;
    throw error;
  }
}

/** Edits a text in a place: `length` characters make room for others. */
const edit = (text: string, at: number, length: number, inserted: string): string =>
  text.slice(0, at % (text.length + 1)) + inserted + text.slice((at % (text.length + 1)) + length);

const key = fc.string({ unit: 'grapheme', maxLength: 6 }).filter((name) => name !== '__proto__');
const members = fc.dictionary(key, fc.jsonValue({ maxDepth: 1 }).filter(isFreeOfProto), { maxKeys: 4 });
const encode = (value: unknown): string => base64url.encode(JSON.stringify(value));
const character = fc.nat(0x10ffff).map((code) => String.fromCodePoint(code));
const bytes = fc.uint8Array({ maxLength: 70 });
const jws = fc.tuple(members, members, bytes).map(([header, payload, signature]) => ({
  header,
  payload,
  compact: `${encode(header)}.${encode(payload)}.${base64url.encode(signature)}`,
}));

/** `jsonValue` gives members of this name now and then, which are refused on purpose. */
function isFreeOfProto(value: unknown): boolean {
  return !JSON.stringify(value).includes('__proto__');
}

describe('parseJws', () => {
  it('reads every header and payload as jose does', () => {
    fc.assert(
      fc.property(jws, ({ compact, header, payload }) => {
        // What JSON makes of -0 is not what it was.
        const written = JSON.parse(JSON.stringify({ header, payload }));
        expect(parse(compact)).toEqual({ compact, ...written });
        expect(decodeProtectedHeader(compact)).toEqual(written.header);
        expect(decodeJwt(compact)).toEqual(written.payload);
      }),
    );
  });

  it('accepts nothing that jose refuses or reads in another way, whatever the text [JWT-18 JWT-21]', () => {
    const part = fc.oneof(
      members.map(encode),
      fc.json({ maxDepth: 1 }).map((json) => base64url.encode(json)),
      bytes.map((read) => base64url.encode(read)),
      fc.string({ unit: character }),
      fc.constantFrom('', '{}', encode({}), encode([]), base64url.encode('\uFEFF{}'), 'e30=', ' e30'),
    );
    const base64urlCharacter = fc.constantFrom(...alphabet);
    const replacement = fc.oneof(
      fc.tuple(fc.constant(1), base64urlCharacter),
      fc.tuple(fc.nat(4), fc.oneof(base64urlCharacter, part, fc.constantFrom(...'.=+/ '))),
    );
    const edited = fc
      .tuple(jws, fc.nat(), replacement)
      .map(([{ compact }, at, [length, text]]) => edit(compact, at, length, text));
    const assembled = fc.array(part, { minLength: 2, maxLength: 4 }).map((parts) => parts.join('.'));
    fc.assert(
      fc.property(fc.oneof(edited, assembled), (text) => {
        const parsed = parse(text);
        if (parsed === undefined) return;
        expect(parsed.compact).toBe(text);
        expect(decodeProtectedHeader(text)).toEqual(parsed.header);
        expect(decodeJwt(text)).toEqual(parsed.payload);
      }),
    );
  });

  it('refuses a JWS with a character of no base64url, or with more or fewer segments [JWT-18]', () => {
    const foreign = fc.oneof(
      fc.constantFrom('=', '==', '+', '/', ' ', '\t', '\r', '\n', '\0', '.', '..', '~', '\u00E9', '\u{1F600}', '"'),
      character.filter((any) => !alphabet.includes(any)),
    );
    // At the ends of a segment most of the time: there a decoder forgives.
    const place = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(0, 1) }, fc.double({ min: 0, max: 1, noNaN: true }));
    fc.assert(
      fc.property(jws, fc.nat(2), place, foreign, ({ compact }, index, at, text) => {
        const segments = compact.split('.');
        const segment = segments[index] ?? '';
        segments[index] = edit(segment, Math.round(at * segment.length), 0, text);
        expect(parse(segments.join('.'))).toBeUndefined();
        expect(parse(compact.replace('.', ''))).toBeUndefined();
        expect(parse(compact)).toBeDefined();
      }),
    );
  });

  it('refuses stray bits at the end of any segment, where a forgiving decoder reads the same JWS [JWT-19]', () => {
    fc.assert(
      fc.property(jws, fc.nat(2), fc.integer({ min: 1, max: 15 }), ({ compact }, index, stray) => {
        const segments = compact.split('.');
        const segment = segments[index] ?? '';
        const unused = [0, 0, 4, 2][segment.length % 4] ?? 0;
        fc.pre(unused > 0);
        const last = alphabet.indexOf(segment.slice(-1)) + (stray % (2 ** unused - 1)) + 1;
        segments[index] = segment.slice(0, -1) + alphabet.charAt(last);
        expect(Buffer.from(segments[index] ?? '', 'base64url')).toEqual(Buffer.from(segment, 'base64url'));
        expect(parse(segments.join('.'))).toBeUndefined();
      }),
    );
  });
});

describe('decodeBase64url', () => {
  it('has one text for every bytes', () => {
    fc.assert(
      fc.property(bytes, (written) => {
        expect(decodeBase64url(base64url.encode(written))).toEqual(Buffer.from(written));
      }),
    );
  });

  it('decodes what a decoder bit by bit does, and nothing else [JWT-18 JWT-19]', () => {
    const text = fc.oneof(
      fc.string({ unit: fc.constantFrom(...alphabet), maxLength: 12 }),
      fc.string({ unit: fc.constantFrom(...alphabet, ...'+/= \n.'), maxLength: 12 }),
      fc.tuple(bytes, fc.constantFrom('=', '==', ' ', '\n', '.')).map(([read, end]) => base64url.encode(read) + end),
      fc.string({ unit: character, maxLength: 6 }),
    );
    fc.assert(
      fc.property(text, (written) => {
        const decoded = decodeBase64url(written);
        expect(decoded && [...decoded]).toEqual(decodeBitByBit(written));
      }),
    );
  });
});
