import { beforeEach, describe, expect, it } from 'vitest';
import type { AccessTokenClaims } from './claims.ts';
import type { VerifiedAccessToken } from './jwt.ts';
import { createTokenCache, hashToken, type TokenCache } from './token-cache.ts';

const start = 1_800_000_000;
let now: number;
let isCurrent: boolean;
let cache: TokenCache<VerifiedAccessToken>;

beforeEach(() => {
  now = start * 1000;
  isCurrent = true;
  cache = makeCache(100);
});

function makeCache(capacity: number): TokenCache<VerifiedAccessToken> {
  return createTokenCache({ capacity, toleranceSeconds: 5, now: () => now, isCurrent: () => isCurrent });
}

function makeToken(times: Partial<AccessTokenClaims> = {}): VerifiedAccessToken {
  const claims = { issuedAtSeconds: start, notBeforeSeconds: undefined, expiresAtSeconds: start + 60, ...times };
  return { claims } as unknown as VerifiedAccessToken;
}

const advance = (seconds: number) => {
  now += seconds * 1000;
};
const isFound = () => cache.find('a.b.c') !== undefined;

describe('the hash of a token', () => {
  it('is the ath that RFC 9449 §7.1 shows [DPOP-27]', () => {
    expect(hashToken('Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU')).toBe(
      'fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo',
    );
  });
});

describe('the token cache', () => {
  it('gives a token back', () => {
    const token = makeToken();
    cache.remember('a.b.c', token);
    advance(3);
    expect(cache.find('a.b.c')).toBe(token);
    expect(cache.size).toBe(1);
  });

  it.each(['a.b.C', 'a.b.c.', 'a.b.', 'a.b.c ', ''])('takes %j for another token than a.b.c', (other) => {
    cache.remember('a.b.c', makeToken());
    expect(cache.find(other)).toBeUndefined();
  });

  it('forgets a token just when it expires, tolerance included [JWT-11 AT-05]', () => {
    cache.remember('a.b.c', makeToken());
    advance(64.999);
    expect(isFound()).toBe(true);
    advance(0.001);
    expect(isFound()).toBe(false);
    expect(cache.size).toBe(0);
  });

  it('has a token verified again after five minutes at the latest', () => {
    cache.remember('a.b.c', makeToken({ expiresAtSeconds: start + 86_400 }));
    advance(299.999);
    expect(isFound()).toBe(true);
    advance(0.001);
    expect(isFound()).toBe(false);
  });

  it.each([
    ['nbf', { notBeforeSeconds: start, issuedAtSeconds: start - 60 }],
    ['iat', { issuedAtSeconds: start }],
  ])('has a token verified again when the clock was set back before its %s [JWT-12 JWT-14]', (_claim, times) => {
    cache.remember('a.b.c', makeToken(times));
    advance(-5);
    expect(isFound()).toBe(true);
    advance(-0.001);
    expect(isFound()).toBe(false);
  });

  it('finds nothing by a clock that says nothing', () => {
    cache.remember('a.b.c', makeToken());
    now = Number.NaN;
    expect(isFound()).toBe(false);
  });

  it('forgets a token with its key or its issuer [JWK-06]', () => {
    cache.remember('a.b.c', makeToken());
    isCurrent = false;
    expect(isFound()).toBe(false);
    isCurrent = true;
    expect(isFound()).toBe(false);
  });

  it('holds as many tokens as it may, the last ones', () => {
    for (let round = 0; round < 1000; round += 1) cache.remember(`token ${round}`, makeToken());
    expect(cache.size).toBeLessThanOrEqual(100);
    expect(cache.find('token 999')).toBeDefined();
    expect(cache.find('token 0')).toBeUndefined();
  });

  it('remembers nothing where it may hold nothing', () => {
    cache = makeCache(0);
    cache.remember('a.b.c', makeToken());
    expect(isFound()).toBe(false);
    expect(cache.size).toBe(0);
  });
});
