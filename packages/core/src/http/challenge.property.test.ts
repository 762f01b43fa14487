import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AuthError,
  ForbiddenError,
  InsufficientScopeError,
  InsufficientUserAuthenticationError,
  InvalidDpopProofError,
  InvalidRequestError,
  InvalidTokenError,
  MissingTokenError,
  UseDpopNonceError,
} from '../errors.ts';
import { buildChallenges, type ChallengeContext, type ChallengeOffer, serializeChallenge } from './challenge.ts';

interface Challenge {
  readonly scheme: string;
  readonly token68?: string;
  readonly parameters: readonly (readonly [name: string, value: string])[];
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const quotedString = '"(?:[\\t !#-\\[\\]-~\\x80-\\xFF]|\\\\[\\t -~\\x80-\\xFF])*"';
const parameter = new RegExp(`^(${token})[ \\t]*=[ \\t]*(${token}|${quotedString})`);

/** Reads a field value by the grammar of RFC 9110 §11.6.1, which may hold several challenges; fails on anything else. */
function readField(field: string): readonly Challenge[] {
  let rest = field;
  const challenges: Challenge[] = [];

  function take(pattern: RegExp): readonly (string | undefined)[] | undefined {
    const found = pattern.exec(rest);
    if (found === null) return undefined;
    rest = rest.slice(found[0].length);
    return found;
  }

  function takeParameters(): Challenge['parameters'] {
    const parameters: (readonly [string, string])[] = [];
    for (let found = take(parameter); found !== undefined; found = take(parameter)) {
      const [, name = '', value = ''] = found;
      parameters.push([name, value.startsWith('"') ? unquote(value) : value]);
      if (!new RegExp(`^[ \\t]*,[ \\t]*${token}[ \\t]*=`).test(rest)) break;
      take(/^[ \t]*,[ \t]*/);
    }
    return parameters;
  }

  do {
    const [scheme] = take(new RegExp(`^${token}`)) ?? [];
    if (scheme === undefined) throw new Error(`no scheme: ${rest}`);
    const parameters = take(/^ +/) === undefined ? [] : takeParameters();
    const [token68] = parameters.length > 0 ? [] : (take(/^[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))/) ?? []);
    challenges.push({ scheme, parameters, ...(token68 === undefined ? {} : { token68 }) });
  } while (take(/^[ \t]*,[ \t]*/) !== undefined);
  if (rest !== '') throw new Error(`no challenge: ${rest}`);
  return challenges;
}

function unquote(quoted: string): string {
  let value = '';
  for (let at = 1; at < quoted.length - 1; at += 1) {
    if (quoted[at] === '\\') at += 1;
    value += quoted.charAt(at);
  }
  return value;
}

/** What a caller may read where `text` was written: itself, and `?` for each code unit that no field line may hold. */
const readable = (text: string): string =>
  text
    .split('')
    .map((unit) => (unit >= ' ' && unit <= '~' ? unit : '?'))
    .join('');

const fragment = fc.oneof(
  fc.constantFrom(
    '"',
    '\\',
    '\\"',
    ', ',
    '=',
    '", error="x',
    '"\r\nSet-Cookie: a=b',
    ', DPoP algs="none',
    '\0',
    '\x7F',
  ),
  fc.constantFrom('\u00E9', '\u2028', '\u{1F600}', '\uD800', '\uDC00', '\u0122', '\u010A', '\uFF02', '?', ' '),
  fc.nat(0xffff).map((code) => String.fromCharCode(code)),
  fc.string({ maxLength: 5 }),
);
const text = fc.array(fragment, { maxLength: 8 }).map((fragments) => fragments.join(''));
const name = fc.string({ unit: fc.constantFrom(...'abzAZ019_-.!~*'), minLength: 1, maxLength: 8 });

describe('the reader of these tests', () => {
  it('reads what RFC 9110 §11.6.1 shows, and RFC 9449 §7.1 [CHL-08]', () => {
    expect(readField('Basic realm="simple", Newauth realm="apps", type=1, title="Login to \\"apps\\""')).toEqual([
      { scheme: 'Basic', parameters: [['realm', 'simple']] },
      {
        scheme: 'Newauth',
        parameters: [
          ['realm', 'apps'],
          ['type', '1'],
          ['title', 'Login to "apps"'],
        ],
      },
    ]);
    expect(readField('Bearer, Negotiate abc==, DPoP algs = "ES256 PS256"')).toEqual([
      { scheme: 'Bearer', parameters: [] },
      { scheme: 'Negotiate', token68: 'abc==', parameters: [] },
      { scheme: 'DPoP', parameters: [['algs', 'ES256 PS256']] },
    ]);
  });

  it.each([
    '',
    'Bearer a="b',
    'Bearer a="b"c"',
    'Bearer a="b\\"',
    'Bearer a="\u{1F600}"',
    'Bearer a="\n"',
    'Bearer a="b",',
  ])('fails on %j', (field) => {
    expect(() => readField(field)).toThrow(/^no (?:scheme|challenge)/);
  });
});

describe('serializeChallenge', () => {
  it('is read back to the character, or to ? where a field cannot hold it [CHL-04 CHL-05 CHL-15]', () => {
    fc.assert(
      fc.property(name, fc.dictionary(name, fc.option(text, { nil: undefined })), (scheme, parameters) => {
        const line = serializeChallenge(scheme, parameters);
        const written = Object.entries(parameters).flatMap(([key, value]) =>
          value === undefined ? [] : [[key, readable(value)] as const],
        );
        expect(readField(line)).toEqual([{ scheme, parameters: written }]);
        expect(readable(line)).toBe(line);
      }),
    );
  });
});

describe('buildChallenges', () => {
  const acrValues = fc.array(text, { minLength: 1, maxLength: 3 });
  const error = fc.oneof(
    fc.constantFrom<AuthError>(
      new MissingTokenError('ERR_TOKEN_ABSENT'),
      new InvalidRequestError('ERR_AUTHORIZATION_REPEATED'),
      new InvalidTokenError('ERR_TOKEN_EXPIRED'),
      new InvalidDpopProofError('ERR_DPOP_SIGNATURE'),
      new UseDpopNonceError('ERR_DPOP_NONCE'),
      new InsufficientScopeError('ERR_SCOPE'),
      new ForbiddenError('ERR_ALLOW'),
    ),
    fc
      .record({ acrValues, maxAgeSeconds: fc.nat() }, { requiredKeys: [] })
      .map((needed) => new InsufficientUserAuthenticationError('ERR_USER_AUTHENTICATION', needed)),
  );
  const offers = text.chain((algs) =>
    fc.shuffledSubarray<ChallengeOffer>([{ scheme: 'Bearer' }, { scheme: 'DPoP', parameters: { algs } }], {
      minLength: 1,
    }),
  );
  const context: fc.Arbitrary<ChallengeContext> = fc.record({
    offers,
    attempted: fc.constantFrom('Bearer', 'DPoP', undefined),
    scopes: fc.array(text, { maxLength: 4 }),
    resourceMetadata: text,
  });

  /** What a challenge says, from RFC 6750 §3, RFC 9470 §3 and RFC 9728 §5.1. */
  function describeChallenge(
    refusal: AuthError,
    { scheme, parameters = {} }: ChallengeOffer,
    { offers: offered, attempted, scopes, resourceMetadata }: ChallengeContext,
  ): Record<string, string> {
    const said: Record<string, string | undefined> = { ...parameters, resource_metadata: resourceMetadata };
    if (scopes.length > 0) said['scope'] = scopes.join(' ');
    const isAccused = attempted === scheme || offered.every((offer) => offer.scheme !== attempted);
    if (isAccused && refusal.error !== undefined && !(refusal instanceof ForbiddenError)) {
      said['error'] = refusal.error;
      said['error_description'] = refusal.description;
      const needed = refusal instanceof InsufficientUserAuthenticationError ? refusal.needed : {};
      if (needed.acrValues !== undefined) said['acr_values'] = needed.acrValues.join(' ');
      if (needed.maxAgeSeconds !== undefined) said['max_age'] = String(needed.maxAgeSeconds);
    }
    return Object.fromEntries(Object.entries(said).map(([key, value = '']) => [key, readable(value)]));
  }

  it('writes one challenge a line, the tried one first, each saying its part once [CHL-03 CHL-08 CHL-09 CHL-15]', () => {
    fc.assert(
      fc.property(error, context, (refusal, situation) => {
        const lines = buildChallenges(refusal, situation);
        const challenges = lines.map((line) => readField(line));
        for (const { length } of challenges) expect(length).toBe(1);
        const inOrder = [
          ...situation.offers.filter(({ scheme }) => scheme === situation.attempted),
          ...situation.offers.filter(({ scheme }) => scheme !== situation.attempted),
        ];
        expect(
          challenges
            .flat()
            .map(({ scheme, parameters }) => [scheme, parameters.length, Object.fromEntries(parameters)]),
        ).toEqual(
          inOrder.map((offer) => {
            const said = describeChallenge(refusal, offer, situation);
            return [offer.scheme, Object.keys(said).length, said];
          }),
        );
      }),
    );
  });

  it('is read the same when a proxy joins the lines to one [CHL-08]', () => {
    fc.assert(
      fc.property(error, context, (refusal, situation) => {
        const lines = buildChallenges(refusal, situation);
        expect(readField(lines.join(', '))).toEqual(lines.flatMap((line) => readField(line)));
      }),
    );
  });
});
