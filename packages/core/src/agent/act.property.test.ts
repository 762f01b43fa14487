import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidTokenError } from '../errors.ts';
import { listActors, parseAct } from './act.ts';

/** What `parseAct` gives, or the code of its refusal. Anything else it throws fails the test. */
function parse(value: unknown, maxDepth: number): unknown {
  try {
    return parseAct(value, maxDepth);
  } catch (error) {
    if (!(error instanceof InvalidTokenError)) throw error;
    return error.code;
  }
}

type Level = Readonly<Record<string, unknown>>;

/** One level within another, the first outermost. */
const nest = (levels: readonly unknown[]): unknown =>
  levels.reduceRight((inner, level) => (inner === undefined ? level : { ...(level as Level), act: inner }), undefined);

const name = fc.oneof(
  fc.constantFrom('a', '__proto__', '"', '\0', '\u{1F600}'),
  fc.string({ minLength: 1, maxLength: 4 }),
);
const anything = fc.oneof(name, fc.constantFrom<unknown>(0, -1, null, true, ['admin'], { sub: 'a' }));
const evidence = fc.record(
  { iss: name, scope: anything, exp: anything, aud: anything, constructor: anything },
  { requiredKeys: [] },
);
const level: fc.Arbitrary<Level> = fc.tuple(name, evidence).map(([sub, members]) => ({ ...members, sub }));
const maxDepth = fc.integer({ min: 1, max: 16 });

const noName = fc.oneof(
  fc.constantFrom('', null, 7, true, 'a\uD800', '\uDC00'),
  fc.constant(['a']),
  fc.constant({ sub: 'a' }),
);
const malformed = fc.oneof(
  fc.constantFrom<unknown>('alice', '', 7, null, true, {}),
  fc.jsonValue().filter((value) => !JSON.stringify(value).includes('"sub"')),
  fc.array(level, { maxLength: 2 }),
  evidence,
  fc.tuple(level, noName).map(([members, sub]) => ({ ...members, sub })),
  fc.tuple(level, noName).map(([members, iss]) => ({ ...members, iss })),
);

describe('parseAct', () => {
  it('takes chains of names up to the limit, as they are [ACT-03 ACT-04 ACT-05]', () => {
    fc.assert(
      fc.property(fc.array(level, { maxLength: 18 }), maxDepth, (levels, limit) => {
        const chain = nest(levels);
        expect(parse(chain, limit)).toBe(levels.length > limit ? 'ERR_TOKEN_ACTOR_DEPTH' : chain);
      }),
    );
  });

  it('refuses a chain that names nobody at one of its levels [ACT-03 JWT-28]', () => {
    const chain = fc.tuple(fc.array(level, { maxLength: 6 }), malformed, fc.array(level, { maxLength: 2 }));
    fc.assert(
      fc.property(chain, maxDepth, ([before, bad, after], limit) => {
        const isObject = typeof bad === 'object' && bad !== null && !Array.isArray(bad);
        const found = parse(nest([...before, bad, ...(isObject ? after : [])]), limit);
        expect(found).toBe(before.length > limit ? 'ERR_TOKEN_ACTOR_DEPTH' : 'ERR_TOKEN_ACTOR');
      }),
    );
  });
});

describe('listActors', () => {
  it('lists them from the outermost, each of its own issuer or else that of the token [ACT-01 ACT-02 ACT-03]', () => {
    fc.assert(
      fc.property(fc.array(level, { maxLength: 8 }), name, (levels, issuer) => {
        const actors = levels.map(({ sub, iss = issuer }) => ({ iss, sub, source: 'act' }));
        expect(listActors(parseAct(nest(levels), 8), issuer)).toEqual(actors);
      }),
    );
  });
});
