import { describe, expect, it } from 'vitest';
import type { ClaimMapping, Dialect } from '../issuer/claim-mapping.ts';
import { issuerSchema } from '../issuer/options.ts';
import { checkClaims } from './claims.ts';
import { tokenProfiles } from './profile.ts';

const now = 1_800_000_000;
const issuer = 'https://as.example';
const good = {
  iss: issuer,
  aud: 'api',
  sub: 'alice',
  client_id: 'assistant',
  jti: '1',
  scope: 'read',
  iat: now,
  exp: now + 60,
};

/** The claims of a token of an issuer with this mapping. */
function check(
  claims: Dialect | ClaimMapping,
  changes: Record<string, unknown>,
  tokenProfile: keyof typeof tokenProfiles = 'legacy',
) {
  const settings = issuerSchema.parse({ issuer, tokenProfile, claims });
  return checkClaims(
    { ...good, ...changes },
    {
      issuer,
      audiences: ['api'],
      profile: tokenProfiles[settings.tokenProfile],
      places: settings.claims,
      maxLifetimeSeconds: settings.maxTokenLifetimeSeconds,
      nowSeconds: now,
      toleranceSeconds: 5,
    },
  );
}
const missing = (...reasons: string[]) => expect.objectContaining({ code: 'ERR_TOKEN_CLAIM_MISSING', reasons });
const malformed = (...reasons: string[]) => expect.objectContaining({ code: 'ERR_TOKEN_CLAIM_MALFORMED', reasons });

describe.each(['rfc9068', 'legacy'] as const)('a mapping under the profile %s', (profile) => {
  const mapping = { clientId: ['azp', 'cid'], scopes: ['scp', 'perms'], tokenId: ['uti', 'tid'] };
  const nowhere = { client_id: undefined, scope: undefined, jti: undefined };

  it('says where client id, scopes and token id are, and the usual places do not count', () => {
    const elsewhere = { azp: 'planner', scp: 'write', uti: '2' };
    const found = { clientId: 'planner', scopes: ['write'], tokenId: '2' };
    expect(check(mapping, elsewhere, profile)).toMatchObject(found);
    expect(check(mapping, { ...nowhere, ...elsewhere }, profile)).toMatchObject(found);
    expect(() => check(mapping, {}, profile)).toThrow(missing('azp', 'cid'));
  });

  it('takes the first claim that is there, and unites none', () => {
    const second = { cid: 'b', perms: 'admin', tid: '2' };
    expect(check(mapping, second, profile)).toMatchObject({ clientId: 'b', scopes: ['admin'], tokenId: '2' });
    expect(check(mapping, { azp: 'a', scp: 'read', uti: '1', ...second }, profile)).toMatchObject({
      clientId: 'a',
      scopes: ['read'],
      tokenId: '1',
    });
    expect(check(mapping, { ...second, scp: '' }, profile).scopes).toEqual([]);
  });

  it('looks no further than a first claim of the wrong type [JWT-28]', () => {
    const rest = { azp: 'a', uti: '1', scp: 'read' };
    expect(() => check(mapping, { ...rest, azp: '', cid: 'b' }, profile)).toThrow(malformed('azp'));
    expect(() => check(mapping, { ...rest, uti: 7, tid: '2' }, profile)).toThrow(malformed('uti'));
    expect(() => check(mapping, { ...rest, scp: null, perms: 'read' }, profile)).toThrow(malformed('scp'));
  });

  it('requires the client id and the token id, wherever they are [AT-06]', () => {
    const rest = { azp: 'a', uti: '1', scp: 'read' };
    expect(check(mapping, rest, profile).sub).toBe('alice');
    expect(() => check(mapping, { ...rest, azp: undefined }, profile)).toThrow(missing('azp', 'cid'));
    expect(() => check(mapping, { ...rest, uti: undefined }, profile)).toThrow(missing('uti', 'tid'));
  });

  it('reads scopes from a string or from a list', () => {
    const rest = { azp: 'a', uti: '1' };
    expect(check(mapping, { ...rest, scp: 'read  write' }, profile).scopes).toEqual(['read', 'write']);
    expect(check(mapping, { ...rest, scp: ['read', 'write'] }, profile).scopes).toEqual(['read', 'write']);
    expect(check(mapping, { ...rest, scp: [] }, profile).scopes).toEqual([]);
  });

  it.each([[['read write']], [['read', '']], [['read', 7]], [['read', ['write']]], [{ read: true }], [7], [true]])(
    'refuses the scopes %j, which could be read in two ways [JWT-28]',
    (scp) => {
      expect(() => check(mapping, { azp: 'a', uti: '1', scp }, profile)).toThrow(malformed('scp'));
    },
  );
});

describe('the profile rfc9068', () => {
  it('demands a scope of one string, and none at all if there is none [JWT-28]', () => {
    expect(check({}, { scope: undefined }, 'rfc9068').scopes).toEqual([]);
    expect(() => check({}, { scope: ['read'] }, 'rfc9068')).toThrow(malformed('scope'));
    expect(check({}, { scope: ['read'] }, 'legacy').scopes).toEqual(['read']);
  });
});

describe('the profile legacy', () => {
  it('demands a scope, because ID tokens have none', () => {
    expect(check({}, {}).sub).toBe('alice');
    expect(check({}, { scope: '' }).scopes).toEqual([]);
    expect(() => check({}, { scope: undefined })).toThrow(missing('scope'));
  });

  it.each(['iss', 'sub', 'aud', 'exp', 'iat', 'client_id', 'jti'])(
    'demands %s, as RFC 9068 does, while no mapping says otherwise [AT-06]',
    (claim) => {
      expect(() => check({}, { [claim]: undefined })).toThrow(missing(claim));
    },
  );

  it('has tokens without an id where the mapping says so', () => {
    expect(check({ tokenId: [] }, { jti: undefined }).tokenId).toBeUndefined();
    expect(check({ tokenId: [] }, {}).tokenId).toBeUndefined();
  });
});

describe('a client that acts for itself [JWT-27 AT-12]', () => {
  it.each<[string, ClaimMapping['subjectIsClient'], Record<string, unknown>, Record<string, unknown>]>([
    ['by a text', [{ kind: 'app' }], { kind: 'app' }, { kind: 'app2' }],
    ['by the client id', [{ sub: '{clientId}@clients' }], { sub: 'assistant@clients' }, { sub: 'other@clients' }],
    ['by the subject', [{ oid: '{sub}' }], { oid: 'alice' }, { oid: 'bob' }],
    ['by a claim that is there', [{ address: true }], { address: '' }, { address: undefined }],
    ['by any of several', [{ kind: 'app' }, { oid: '{sub}' }], { kind: 'user', oid: 'alice' }, { kind: 'user' }],
    ['by all of one', [{ kind: 'app', oid: '{sub}' }], { kind: 'app', oid: 'alice' }, { kind: 'app', oid: 'bob' }],
    ['by both in one', [{ name: '{clientId}/{sub}' }], { name: 'assistant/alice' }, { name: '{clientId}/{sub}' }],
    ['by a claim of the right type', [{ kind: '7' }], { kind: '7' }, { kind: 7 }],
  ])('is found %s', (_, subjectIsClient, client, user) => {
    expect(check({ subjectIsClient }, client).subjectType).toBe('client');
    expect(check({ subjectIsClient }, user).subjectType).toBe('user');
  });

  it('is found where the subject is its id, whatever else the mapping says', () => {
    expect(check({ subjectIsClient: [{ kind: 'app' }] }, { sub: 'assistant' }).subjectType).toBe('client');
  });

  it('puts no claim in twice: a client id that looks like a place is only a name', () => {
    const claims = { client_id: '{sub}', oid: 'alice' };
    expect(check({ subjectIsClient: [{ oid: '{clientId}' }] }, claims).subjectType).toBe('user');
    expect(check({ subjectIsClient: [{ oid: '{clientId}' }] }, { ...claims, oid: '{sub}' }).subjectType).toBe('client');
    // Nor does `$&` of String.prototype.replace mean anything.
    const dollars = { client_id: '$&', oid: '$&' };
    expect(check({ subjectIsClient: [{ oid: '{clientId}' }] }, dollars).subjectType).toBe('client');
  });

  it('has the scopes that are granted to clients, and a user never has those', () => {
    const mapping = { scopes: ['scp'], clientScopes: ['roles'], subjectIsClient: [{ kind: 'app' }] };
    const claims = { scp: 'read', roles: ['admin'] };
    expect(check(mapping, claims).scopes).toEqual(['read']);
    expect(check(mapping, { ...claims, kind: 'app' }).scopes).toEqual(['admin']);
    expect(() => check(mapping, { roles: ['admin'] })).toThrow(missing('scp'));
    expect(() => check(mapping, { scp: 'read', kind: 'app' })).toThrow(missing('roles'));
  });
});

describe('session and task', () => {
  const mapping = { session: ['ses', 'sid'], task: ['task_id'], purpose: ['why'], customer: ['cust'] };

  it('are where the mapping says, and are not guessed', () => {
    const claims = { sid: 's', task_id: 't', why: 'audit', txn: 'x', cust: 'c' };
    expect(check(mapping, claims)).toMatchObject({
      session: 's',
      task: { id: 't', purpose: 'audit', transaction: 'x', customer: 'c' },
    });
    expect(check({}, claims)).toMatchObject({ session: 's', task: { transaction: 'x' } });
    expect(check({ session: [], transaction: [] }, claims).session).toBeUndefined();
    expect(check({ session: [], transaction: [] }, claims).task).toEqual({});
  });

  it('may be missing, but not of the wrong type: what cannot be read could not be revoked [JWT-28]', () => {
    expect(check(mapping, {}).task).toEqual({});
    expect(() => check({}, { sid: 7 })).toThrow(malformed('sid'));
    expect(() => check({}, { txn: '' })).toThrow(malformed('txn'));
    expect(() => check(mapping, { task_id: ['t'] })).toThrow(malformed('task_id'));
    expect(() => check(mapping, { ses: null, sid: 's' })).toThrow(malformed('ses'));
  });
});
