import { describe, expect, it } from 'vitest';
import { ConfigurationError } from './errors.ts';
import { dialects } from './issuer/dialects.ts';
import type { IssuerSettings } from './issuer/options.ts';
import { parseOptions, type VerifierOptions } from './options.ts';

/** As JavaScript would call it: one issuer with these options. */
const parseIssuer = (options: object) => {
  const issuers = [{ issuer: 'https://as.example', ...options }];
  const settings = parseOptions({ resource: 'https://api.example', issuers } as unknown as VerifierOptions);
  return (settings.issuers as readonly IssuerSettings[])[0];
};
const parseClaims = (claims: unknown) => parseIssuer({ tokenProfile: 'legacy', claims })?.claims;

function pathsOf(action: () => unknown): string[] {
  try {
    action();
    return [];
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return error.issues.map(({ path }) => path.replace(/^issuers\.0\./, ''));
  }
}

describe('the token profile of an issuer', () => {
  it('is that of RFC 9068 unless another one is asked for [AT-01]', () => {
    expect(parseIssuer({})?.tokenProfile).toBe('rfc9068');
    expect(parseIssuer({ tokenProfile: 'legacy' })?.tokenProfile).toBe('legacy');
  });

  it.each(['RFC9068', 'jwt', '', null, true])('cannot be %j', (tokenProfile) => {
    expect(pathsOf(() => parseIssuer({ tokenProfile }))).toEqual(['tokenProfile']);
  });
});

describe('the longest lifetime of tokens', () => {
  it.each([0, -1, 2_592_001, Number.POSITIVE_INFINITY, Number.NaN, '3600', null])('cannot be %j', (seconds) => {
    expect(pathsOf(() => parseIssuer({ maxTokenLifetimeSeconds: seconds }))).toEqual(['maxTokenLifetimeSeconds']);
    expect(parseIssuer({ maxTokenLifetimeSeconds: 2_592_000 })?.maxTokenLifetimeSeconds).toBe(2_592_000);
  });
});

describe('the claims of an issuer', () => {
  const standard = {
    clientId: ['client_id'],
    scopes: ['scope'],
    clientScopes: ['scope'],
    tokenId: ['jti'],
    subjectIsClient: [],
    session: ['sid'],
    task: [],
    purpose: [],
    transaction: ['txn'],
    customer: [],
  };

  it('are where RFC 9068 has them unless something else is said', () => {
    expect(parseIssuer({})?.claims).toEqual(standard);
    expect(parseClaims({})).toEqual(standard);
    expect(parseClaims({ clientId: ['azp'], dialect: undefined, scopes: undefined })).toEqual({
      ...standard,
      clientId: ['azp'],
    });
  });

  it.each(Object.entries(dialects))(
    'are where the dialect %s has them, and else where RFC 9068 has them',
    (name, row) => {
      expect(parseClaims(name)).toEqual({ ...standard, clientScopes: row.scopes ?? ['scope'], ...row });
      expect(parseClaims({ dialect: name })).toEqual(parseClaims(name));
    },
  );

  it('are somewhere else than in the dialect where that is said', () => {
    expect(parseClaims({ dialect: 'auth0', scopes: ['permissions'] })).toEqual({
      ...(parseClaims('auth0') as object),
      scopes: ['permissions'],
      clientScopes: ['permissions'],
    });
    expect(parseClaims({ dialect: 'entra-id', scopes: ['s'] })).toMatchObject({
      scopes: ['s'],
      clientScopes: ['roles'],
    });
  });

  it.each([
    ['auth', 'claims.dialect'],
    ['', 'claims.dialect'],
    ['__proto__', 'claims.dialect'],
    [7, 'claims'],
    [null, 'claims'],
    [['azp'], 'claims'],
    [{ client_id: ['azp'] }, 'claims'],
    [{ clientId: 'azp' }, 'claims.clientId'],
    [{ clientId: [] }, 'claims.clientId'],
    [{ clientId: [''] }, 'claims.clientId.0'],
    [{ scopes: [] }, 'claims.scopes'],
    [{ clientScopes: [] }, 'claims.clientScopes'],
    [{ tokenId: 'uti' }, 'claims.tokenId'],
    [{ subjectIsClient: { gty: 'app' } }, 'claims.subjectIsClient'],
    [{ subjectIsClient: [{}] }, 'claims.subjectIsClient.0'],
    [{ subjectIsClient: [{ gty: false }] }, 'claims.subjectIsClient.0.gty'],
    [{ subjectIsClient: [{ '': 'app' }] }, 'claims.subjectIsClient.0.'],
    [{ subjectIsClient: [{ sub: '{client_id}@clients' }] }, 'claims.subjectIsClient.0.sub'],
    [{ subjectIsClient: [{ sub: '{clientId' }] }, 'claims.subjectIsClient.0.sub'],
  ])('cannot be %j', (claims, path) => {
    expect(pathsOf(() => parseClaims(claims))).toEqual([path]);
  });

  it('always name the id of a token of RFC 9068, which has one [AT-06]', () => {
    for (const claims of ['auth0', { tokenId: [] }]) {
      expect(pathsOf(() => parseIssuer({ claims }))).toEqual(['claims.tokenId']);
      expect(pathsOf(() => parseClaims(claims))).toEqual([]);
    }
    expect(parseIssuer({ claims: { dialect: 'auth0', tokenId: ['jti'] } })?.claims.tokenId).toEqual(['jti']);
  });
});
