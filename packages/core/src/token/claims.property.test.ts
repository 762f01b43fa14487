import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidTokenError } from '../errors.ts';
import { issuerSchema } from '../issuer/options.ts';
import type { JsonObject } from '../json.ts';
import { type AccessTokenClaims, checkClaims } from './claims.ts';
import { tokenProfiles } from './profile.ts';

const now = 1_800_000_000;
const good = {
  iss: 'https://as.example',
  aud: 'https://api.example',
  sub: 'alice',
  client_id: 'assistant',
  jti: 'token-1',
  iat: now - 10,
  exp: now + 300,
};
const expected = {
  issuer: good.iss,
  audiences: [good.aud],
  profile: tokenProfiles.rfc9068,
  places: issuerSchema.parse(good.iss).claims,
  maxLifetimeSeconds: Number.POSITIVE_INFINITY,
  nowSeconds: now,
  toleranceSeconds: 5,
};

/** What `checkClaims` finds, or the code and the claims of its refusal. Anything else it throws fails the test. */
function check(claims: JsonObject, expectations: Partial<typeof expected> = {}): AccessTokenClaims | string {
  try {
    return checkClaims(claims, { ...expected, ...expectations });
  } catch (error) {
    if (!(error instanceof InvalidTokenError)) throw error;
    return [error.code, ...error.reasons].join(' ');
  }
}

const verdict = (found: AccessTokenClaims | string): string => (typeof found === 'string' ? found : 'accepted');

describe('checkClaims', () => {
  it('accepts from nbf − tolerance until just before exp + tolerance, not before iat − tolerance [JWT-11 JWT-12 JWT-14 AT-05]', () => {
    // In eighths of a second, which binary fractions hold; each time by how far it is from where the verdict changes.
    const distance = fc.oneof(fc.integer({ min: -2, max: 2 }), fc.integer({ min: -(2 ** 40), max: 2 ** 40 }));
    const clock = fc.tuple(fc.integer({ min: -60, max: 60 }), fc.nat(50));
    fc.assert(
      fc.property(clock, distance, distance, fc.option(distance), ([at, tolerance], toExp, fromIat, fromNbf) => {
        const claims = {
          ...good,
          exp: now + (at - tolerance + toExp) / 8,
          iat: now + (at + tolerance - fromIat) / 8,
          nbf: fromNbf === null ? undefined : now + (at + tolerance - fromNbf) / 8,
        };
        const found = check(claims, { nowSeconds: now + at / 8, toleranceSeconds: tolerance / 8 });
        const faults = [
          toExp <= 0 ? 'ERR_TOKEN_EXPIRED' : undefined,
          fromNbf !== null && fromNbf < 0 ? 'ERR_TOKEN_NOT_YET_VALID' : undefined,
          fromIat < 0 ? 'ERR_TOKEN_ISSUED_IN_FUTURE' : undefined,
        ];
        expect(verdict(found)).toBe(faults.find((fault) => fault !== undefined) ?? 'accepted');
      }),
    );
  });

  it('accepts an aud that names one of ours to the byte, alone or among other strings [JWT-10 AT-03 JWT-28]', () => {
    const ours = ['https://api.example', 'api', '', '__proto__'];
    const name = fc.oneof(
      fc.constantFrom(...ours),
      fc.constantFrom(
        'https://api.example/',
        'https://API.example',
        'https://api.example.evil',
        'ap',
        'API',
        'other',
        ' api',
        '*',
      ),
    );
    const aud = fc.oneof(
      name,
      fc.array(name, { maxLength: 4 }),
      fc.array(fc.oneof(name, fc.jsonValue()), { maxLength: 3 }),
      fc.jsonValue(),
    );
    fc.assert(
      fc.property(aud, fc.uniqueArray(fc.constantFrom(...ours), { minLength: 1 }), (named, audiences) => {
        const list: readonly unknown[] = Array.isArray(named) ? named : [named];
        const isText = list.every((entry) => typeof entry === 'string');
        const isOurs = audiences.some((audience) => list.some((entry) => entry === audience));
        const found = check({ ...good, aud: named }, { audiences });
        const refusal = isText ? 'ERR_TOKEN_AUDIENCE' : 'ERR_TOKEN_CLAIM_MALFORMED aud';
        expect(verdict(found)).toBe(isText && isOurs ? 'accepted' : refusal);
      }),
    );
  });

  it('reads back the scopes that are written with spaces between them [ACT-08]', () => {
    const scopeToken = fc.string({ unit: fc.constantFrom(..."aZ:/.!'#[]*"), minLength: 1, maxLength: 5 });
    const spaces = fc.constantFrom('', ' ', '  ');
    fc.assert(
      fc.property(fc.array(scopeToken, { maxLength: 4 }), spaces, spaces, spaces, (scopes, before, between, after) => {
        const scope = before + scopes.join(` ${between}`) + after;
        expect(check({ ...good, scope })).toHaveProperty('scopes', scopes);
      }),
    );
  });

  it('takes no claim of another type for one of its own, whatever stands in it [JWT-28 JWT-11 AT-06]', () => {
    const readers: Readonly<Record<string, (value: unknown) => boolean>> = {
      sub: isText,
      client_id: isText,
      jti: isText,
      exp: isTime,
      iat: isTime,
      nbf: isTime,
      scope: (value) => typeof value === 'string',
    };
    function isText(value: unknown): boolean {
      return typeof value === 'string' && value !== '' && Buffer.from(value).toString() === value;
    }
    function isTime(value: unknown): boolean {
      return typeof value === 'number' && !Number.isNaN(new Date(value * 1000).getTime());
    }
    const value = fc.oneof(
      fc.jsonValue(),
      fc.double(),
      fc.string({ unit: fc.nat(0xffff).map((code) => String.fromCharCode(code)), maxLength: 4 }),
      fc.constantFrom(
        now,
        now + 1,
        8.64e12,
        -8.64e12,
        1e300,
        '1e3',
        String(now),
        [now],
        { valueOf: 1 },
        ['alice'],
        'a\uD800',
      ),
    );
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(readers)), value, (name, written) => {
        const isMalformed = check({ ...good, [name]: written }) === `ERR_TOKEN_CLAIM_MALFORMED ${name}`;
        expect(isMalformed).toBe(readers[name]?.(written) === false);
      }),
    );
  });
});
