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
import { buildChallenges, type ChallengeContext, serializeChallenge } from './challenge.ts';

const resourceMetadata = 'https://api.example/.well-known/oauth-protected-resource';
const bearerOnly: ChallengeContext = {
  offers: [{ scheme: 'Bearer' }],
  attempted: 'Bearer',
  scopes: ['read:data', 'write:data'],
  resourceMetadata,
};
const both: ChallengeContext = {
  ...bearerOnly,
  offers: [{ scheme: 'Bearer' }, { scheme: 'DPoP', parameters: { algs: 'ES256 PS256' } }],
};

/** Reads one challenge by the grammar of RFC 9110 §11.2 and §5.6.4; fails on anything else. */
function parseChallenge(line: string): { scheme: string; parameters: [name: string, value: string][] } {
  const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
  const [scheme] = new RegExp(`^${token}`).exec(line) ?? [];
  if (scheme === undefined) throw new Error('no scheme');
  const parameters: [string, string][] = [];
  let rest = line.slice(scheme.length);
  while (rest !== '') {
    const separator = parameters.length === 0 ? ' +' : '[ \\t]*,[ \\t]*';
    const quoted = '"((?:[\\t !\\x23-\\x5B\\x5D-\\x7E]|\\\\[\\t\\x20-\\x7E])*)"';
    const [all, name, value] = new RegExp(`^${separator}(${token})=${quoted}`).exec(rest) ?? [];
    if (all === undefined || name === undefined || value === undefined) throw new Error(`no parameter: ${rest}`);
    parameters.push([name, value.replace(/\\(.)/g, '$1')]);
    rest = rest.slice(all.length);
  }
  return { scheme, parameters };
}

describe('buildChallenges', () => {
  const tail = `scope="read:data write:data", resource_metadata="${resourceMetadata}"`;

  it.each<[AuthError, string]>([
    [new MissingTokenError('ERR_TOKEN_ABSENT'), `Bearer ${tail}`],
    [
      new InvalidRequestError('ERR_AUTHORIZATION_REPEATED'),
      `Bearer error="invalid_request", error_description="The request carries its credentials in a form that cannot be read. Send one Authorization field.", ${tail}`,
    ],
    [
      new InvalidTokenError('ERR_TOKEN_EXPIRED'),
      `Bearer error="invalid_token", error_description="The access token is not valid here, or no longer. Get a new one for this resource.", ${tail}`,
    ],
    [
      new InsufficientUserAuthenticationError('ERR_USER_AUTHENTICATION', { acrValues: ['a', 'b'], maxAgeSeconds: 0 }),
      `Bearer error="insufficient_user_authentication", error_description="The user must authenticate again, or more strongly.", acr_values="a b", max_age="0", ${tail}`,
    ],
    [
      new InsufficientScopeError('ERR_SCOPE'),
      `Bearer error="insufficient_scope", error_description="The access token lacks a scope. Get one with every scope that is named here.", ${tail}`,
    ],
    [new ForbiddenError('ERR_ALLOW'), `Bearer ${tail}`],
  ])('writes the challenge of %s to the byte [CHL-01 CHL-02 BRR-10 PRM-20]', (error, line) => {
    expect(buildChallenges(error, bearerOnly)).toEqual([line]);
  });

  it.each<[AuthError, string]>([
    [
      new InvalidDpopProofError('ERR_DPOP_SIGNATURE'),
      `DPoP error="invalid_dpop_proof", error_description="The DPoP proof is not valid for this request. Send a new proof.", ${tail}, algs="ES256 PS256"`,
    ],
    [
      new UseDpopNonceError('ERR_DPOP_NONCE'),
      `DPoP error="use_dpop_nonce", error_description="The DPoP proof needs the nonce of this response.", ${tail}, algs="ES256 PS256"`,
    ],
  ])('writes the challenges of %s to the byte, the tried scheme first [CHL-08 CHL-09]', (error, line) => {
    expect(buildChallenges(error, { ...both, attempted: 'DPoP' })).toEqual([line, `Bearer ${tail}`]);
  });

  it('offers the schemes in the given order, without an error, where none was tried [CHL-08 CHL-09]', () => {
    const lines = buildChallenges(new MissingTokenError('ERR_TOKEN_ABSENT'), { ...both, attempted: undefined });
    expect(lines).toEqual([`Bearer ${tail}`, `DPoP ${tail}, algs="ES256 PS256"`]);
  });

  it.each(['Bearer', 'DPoP'] as const)('puts the error on %s alone where that was tried [CHL-09]', (attempted) => {
    const challenges = buildChallenges(new InvalidTokenError('ERR_TOKEN_EXPIRED'), { ...both, attempted }).map(
      parseChallenge,
    );
    expect(challenges.map(({ scheme }) => scheme)).toEqual(
      attempted === 'DPoP' ? ['DPoP', 'Bearer'] : ['Bearer', 'DPoP'],
    );
    expect(challenges.map(({ parameters }) => new Map(parameters).get('error'))).toEqual(['invalid_token', undefined]);
  });

  it('puts the error on every scheme where it is not clear which was tried [CHL-09]', () => {
    const error = new InvalidRequestError('ERR_AUTHORIZATION_REPEATED');
    const lines = buildChallenges(error, { ...both, attempted: undefined });
    expect(lines.map((line) => new Map(parseChallenge(line).parameters).get('error'))).toEqual([
      'invalid_request',
      'invalid_request',
    ]);
  });

  it('puts the error on every scheme where the one that was tried is not offered [CHL-09 DPOP-35]', () => {
    const error = new InvalidTokenError('ERR_TOKEN_SENDER_CONSTRAINT');
    const [line, ...others] = buildChallenges(error, { ...bearerOnly, attempted: 'DPoP' });
    expect(line).toMatch(/^Bearer error="invalid_token", /);
    expect(others).toEqual([]);
  });

  it('leaves scope out where nothing is needed, and never the rest (RFC 6750 §3) [CHL-02 PRM-20]', () => {
    const lines = buildChallenges(new MissingTokenError('ERR_TOKEN_ABSENT'), { ...bearerOnly, scopes: [] });
    expect(lines).toEqual([`Bearer resource_metadata="${resourceMetadata}"`]);
  });

  it('names each parameter once (RFC 9110 §11.2) [CHL-03]', () => {
    const error = new InsufficientUserAuthenticationError('ERR_USER_AUTHENTICATION', { acrValues: ['a'] });
    for (const line of buildChallenges(error, both)) {
      const names = parseChallenge(line).parameters.map(([name]) => name.toLowerCase());
      expect(new Set(names).size).toBe(names.length);
    }
  });

  it('names only what the user has to do (RFC 9470 §3)', () => {
    const challengeOf = (needed: InsufficientUserAuthenticationError['needed']) => {
      const error = new InsufficientUserAuthenticationError('ERR_USER_AUTHENTICATION', needed);
      return Object.fromEntries(parseChallenge(buildChallenges(error, bearerOnly).join()).parameters);
    };
    expect(challengeOf({ acrValues: ['a'] })).not.toHaveProperty('max_age');
    expect(challengeOf({ maxAgeSeconds: 60 })).not.toHaveProperty('acr_values');
    expect(challengeOf({ maxAgeSeconds: 60 })).toHaveProperty('max_age', '60');
  });

  it('leaves the offers as they were', () => {
    const offers = Object.freeze([...both.offers]);
    buildChallenges(new InvalidTokenError('ERR_TOKEN_EXPIRED'), { ...both, offers, attempted: 'DPoP' });
    expect(offers.map(({ scheme }) => scheme)).toEqual(['Bearer', 'DPoP']);
  });
});

describe('serializeChallenge', () => {
  it.each([
    ['plain text', 'read:data'],
    ['nothing', ''],
    ['quotes', 'say "hi", error="x"'],
    ['backslashes', '\\"\\\\'],
    ['commas and equals signs', 'a=b, c=d'],
    ['every printable character', Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)).join('')],
  ])('writes a value of %s so that it is read back [CHL-04 CHL-15]', (_, value) => {
    const parameters = { realm: value, scope: 'after' };
    expect(parseChallenge(serializeChallenge('Bearer', parameters))).toEqual({
      scheme: 'Bearer',
      parameters: Object.entries(parameters),
    });
  });

  it.each([
    ['a line break', 'a\r\nSet-Cookie: b', 'a??Set-Cookie: b'],
    ['a NUL', 'a\0b', 'a?b'],
    ['a tab', 'a\tb', 'a?b'],
    ['a DEL', 'a\x7Fb', 'a?b'],
    ['Latin-1', 'caf\u00E9', 'caf?'],
    ['a line separator', 'a\u2028b', 'a?b'],
    ['a lone surrogate', 'a\uD800b', 'a?b'],
    ['a quote behind a line break', '\n", error="x', '?", error="x'],
  ])('replaces %s, which a field cannot hold [CHL-05 CHL-15]', (_, value, read) => {
    const line = serializeChallenge('Bearer', { realm: value });
    expect(line).toMatch(/^[\x20-\x7E]+$/);
    expect(parseChallenge(line).parameters).toEqual([['realm', read]]);
  });

  it('leaves out what is undefined, and is the scheme alone without parameters', () => {
    expect(serializeChallenge('DPoP', { realm: undefined, algs: 'ES256' })).toBe('DPoP algs="ES256"');
    expect(serializeChallenge('Bearer', { realm: undefined })).toBe('Bearer');
  });
});
