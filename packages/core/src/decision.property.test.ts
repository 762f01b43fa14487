import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildDecision, type Decision } from './decision.ts';
import type { JsonObject } from './json.ts';

/** The decision about a request with these `traceparent` lines and a token that was not verified. */
function decide(traceparent: readonly string[], header: JsonObject = {}, payload: JsonObject = {}): Decision {
  return buildDecision({
    request: { method: 'GET', target: '/', headers: { traceparent } },
    asked: { resource: 'https://api.example', scopes: [], route: undefined, action: undefined },
    step: 'check',
    outcome: 'refused',
    error: undefined,
    agent: undefined,
    token: { header, payload },
    reasons: [],
    policies: [],
    checks: [],
    at: 0,
    durationMicroseconds: 0,
  });
}

const hex = '0123456789abcdef';
const isHex = (text: string, length: number): boolean =>
  text.length === length && text.split('').every((digit) => hex.includes(digit));

/** The trace-id of a `traceparent`, told part by part from W3C Trace Context §3.2. */
function readTraceId(field: string): string | undefined {
  const [version = '', trace = '', parent = '', flags = '', ...more] = field.split('-');
  const isShaped = isHex(version, 2) && isHex(trace, 32) && isHex(parent, 16) && isHex(flags, 2);
  if (!isShaped || version === 'ff' || Number(`0x${trace}`) === 0 || Number(`0x${parent}`) === 0) return undefined;
  return version === '00' && more.length > 0 ? undefined : trace;
}

const digits = (length: number) => fc.string({ unit: fc.constantFrom(...hex), minLength: length, maxLength: length });
const wellFormed = fc.tuple(fc.oneof(fc.constant('00'), digits(2)), digits(32), digits(16), digits(2));
/** One part of four put wrong, or written as nobody writes it. */
const traceparent = fc
  .tuple(
    wellFormed,
    fc.nat(4),
    fc.constantFrom('0', 'f', 'F', 'g', 'short', 'long'),
    fc.constantFrom('', '', '', '-', '-later', '-\n', '\n', ' ', '0'),
  )
  .map(([parts, index, what, more]) => {
    const changed = parts.map((part, at) => {
      if (at !== index) return part;
      if (what === 'short') return part.slice(1);
      return what === 'long' ? `${part}0` : what.repeat(part.length);
    });
    return `${changed.join('-')}${more}`;
  });
const edited = fc
  .tuple(traceparent, fc.nat(60), fc.constantFrom('', '-', '0', 'g', 'A', '\n', '\u00E9'))
  .map(([text, at, inserted]) => text.slice(0, at) + inserted + text.slice(at + 1));

describe('a decision', () => {
  it('names the trace of one traceparent of the grammar, and no other', () => {
    fc.assert(
      fc.property(fc.oneof(traceparent, edited, fc.string()), (field) => {
        expect(decide([field]).traceId).toBe(readTraceId(field));
        expect(decide([field, field]).traceId).toBeUndefined();
      }),
    );
  });

  it('keeps of what an unverified token says 128 characters that drive nothing [LOG-02 LOG-05]', () => {
    const character = fc.oneof(
      fc.constantFrom(
        '\n',
        '\r',
        '\x1b',
        '\x9b',
        '\x7f',
        '\0',
        '\u2028',
        '\u2029',
        '\u202E',
        '\u200B',
        '\uFEFF',
        '\u{E0001}',
      ),
      fc.nat(0xffff).map((code) => String.fromCharCode(code)),
      fc.nat(0x10ffff).map((code) => String.fromCodePoint(code)),
      fc.constantFrom('a', 'é', '?', '\u{1F600}'),
    );
    const text = fc.oneof(
      fc.string({ unit: character, maxLength: 20 }),
      fc.string({ unit: character, minLength: 120, maxLength: 140 }),
    );
    fc.assert(
      fc.property(text, (sub) => {
        const kept = decide([], {}, { sub }).unverified?.sub ?? 'nothing';
        // Cut first: what is behind the limit changes nothing.
        const harmless = [...sub.slice(0, 128)].map((letter) => (isHarmless(letter) ? letter : '?'));
        expect(kept).toBe(harmless.join(''));
      }),
    );
  });

  it('takes strings alone from an unverified token, and only those it names [LOG-05]', () => {
    const value = fc.oneof(fc.string(), fc.constantFrom(7, null, true, ['alice'], { sub: 'alice' }));
    const said = fc.record(
      { iss: value, sub: value, client_id: value, kid: value, email: value },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(said, said, (header, payload) => {
        const { unverified = {} } = decide([], header, payload);
        const { iss, sub, client_id } = payload;
        const texts = Object.entries({ iss, sub, client_id, kid: header.kid }).filter(
          ([, value]) => typeof value === 'string',
        );
        expect(Object.keys(unverified)).toEqual(texts.map(([name]) => name));
      }),
    );
  });
});

const categories = ['Control', 'Format', 'Line_Separator', 'Paragraph_Separator', 'Surrogate'].map(
  (category) => new RegExp(`^\\p{General_Category=${category}}$`, 'u'),
);

/** By the general category of a character (https://www.unicode.org/reports/tr44/#General_Category_Values). */
function isHarmless(character: string): boolean {
  return !categories.some((category) => category.test(character));
}
