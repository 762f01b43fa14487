import { describe, expect, it } from 'vitest';
import { issuerSchema } from '../issuer/options.ts';
import { checkClaims } from './claims.ts';
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
  issuer: 'https://as.example',
  audiences: ['https://api.example'],
  profile: tokenProfiles.rfc9068,
  places: issuerSchema.parse('https://as.example').claims,
  maxLifetimeSeconds: 86_400,
  nowSeconds: now,
  toleranceSeconds: 5,
};
const check = (changes: Record<string, unknown>, expectations: Partial<typeof expected> = {}) =>
  checkClaims({ ...good, ...changes }, { ...expected, ...expectations });
const refusal = (code: string, ...reasons: string[]) => expect.objectContaining({ code, reasons });

describe('checkClaims', () => {
  it('gives the claims of a good token, the unknown ones too [AT-06 JWT-22]', () => {
    expect(check({ scope: 'read:data write:data', tenant: 7 })).toEqual({
      iss: 'https://as.example',
      sub: 'alice',
      subjectType: 'user',
      clientId: 'assistant',
      tokenId: 'token-1',
      issuedAtSeconds: now - 10,
      expiresAtSeconds: now + 300,
      scopes: ['read:data', 'write:data'],
      task: {},
      all: { ...good, scope: 'read:data write:data', tenant: 7 },
    });
  });

  it.each(Object.keys(good))('refuses a token without %s, and names it [AT-06]', (claim) => {
    expect(() => check({ [claim]: undefined })).toThrow(refusal('ERR_TOKEN_CLAIM_MISSING', claim));
  });

  it.each([
    ['iss', ['https://as.example']],
    ['sub', ''],
    ['sub', 7],
    ['sub', 'alice\ud800'],
    ['client_id', ['assistant']],
    ['jti', {}],
    ['exp', String(now + 300)],
    ['exp', null],
    ['exp', Number.POSITIVE_INFINITY],
    ['exp', Number.NaN],
    ['exp', 1e300],
    ['iat', '0'],
    ['nbf', true],
    ['aud', 7],
    ['aud', ['https://api.example', 7]],
    ['scope', ['read:data']],
    ['scope', 7],
    ['cnf', 'x'],
    ['cnf', []],
  ])('refuses %s as %j for its type [JWT-28 JWT-11]', (claim, value) => {
    expect(() => check({ [claim]: value })).toThrow(refusal('ERR_TOKEN_CLAIM_MALFORMED', claim));
  });

  it.each([
    'https://as.example/',
    'https://AS.example',
    'http://as.example',
    'https://as.example:443',
    'https://as.example.evil',
  ])('refuses the issuer %s, which is not ours to the byte [AT-02]', (iss) => {
    expect(() => check({ iss })).toThrow(refusal('ERR_TOKEN_ISSUER'));
  });

  it.each([
    ['https://api.example/'],
    ['https://API.example'],
    ['https://api.example.evil'],
    ['assistant'],
    [''],
    [[]],
    [['https://other.example']],
  ])('refuses the audience %j [JWT-10 AT-03 BCP-02]', (aud) => {
    expect(() => check({ aud })).toThrow(refusal('ERR_TOKEN_AUDIENCE'));
  });

  it('accepts a list of audiences that names us [JWT-10]', () => {
    expect(check({ aud: ['https://other.example', 'https://api.example'] }).sub).toBe('alice');
  });

  it('compares audiences by code points, however alike they look [PRM-19]', () => {
    const audiences = ['https://caf\u00e9.example'];
    expect(check({ aud: 'https://caf\u00e9.example' }, { audiences }).sub).toBe('alice');
    expect(() => check({ aud: 'https://cafe\u0301.example' }, { audiences })).toThrow(refusal('ERR_TOKEN_AUDIENCE'));
  });

  it('accepts any of several audiences that are ours', () => {
    expect(check({ aud: 'b' }, { audiences: ['a', 'b'] }).sub).toBe('alice');
  });

  it('accepts until just before exp + tolerance, and not at it [JWT-11 AT-05]', () => {
    expect(check({ exp: now - 4.999 }).sub).toBe('alice');
    expect(() => check({ exp: now - 5 })).toThrow(refusal('ERR_TOKEN_EXPIRED'));
  });

  it('refuses at exp where nothing is tolerated [JWT-11]', () => {
    expect(check({ exp: now + 0.001 }, { toleranceSeconds: 0 }).sub).toBe('alice');
    expect(() => check({ exp: now }, { toleranceSeconds: 0 })).toThrow(refusal('ERR_TOKEN_EXPIRED'));
  });

  it('accepts from nbf − tolerance, and not before [JWT-12]', () => {
    expect(check({ nbf: now + 5 }).sub).toBe('alice');
    expect(() => check({ nbf: now + 5.001 })).toThrow(refusal('ERR_TOKEN_NOT_YET_VALID'));
  });

  it('accepts an iat ahead by the tolerance, and not by more [JWT-14]', () => {
    expect(check({ iat: now + 5 }).sub).toBe('alice');
    expect(() => check({ iat: now + 5.001 })).toThrow(refusal('ERR_TOKEN_ISSUED_IN_FUTURE'));
  });

  it('accepts a token that lives as long as tokens of its issuer may, and none that lives longer', () => {
    expect(check({ exp: now + 290 }, { maxLifetimeSeconds: 300 }).sub).toBe('alice');
    expect(() => check({ exp: now + 290.001 }, { maxLifetimeSeconds: 300 })).toThrow(refusal('ERR_TOKEN_LIFETIME'));
    // However long it has been alive.
    expect(() => check({ iat: now - 301 }, { maxLifetimeSeconds: 300 })).toThrow(refusal('ERR_TOKEN_LIFETIME'));
  });

  it('lets nothing pass when the clock says nothing', () => {
    const broken = { nowSeconds: Number.NaN };
    expect(() => check({}, broken)).toThrow(refusal('ERR_TOKEN_EXPIRED'));
    expect(() => check({ exp: 8.64e12, nbf: 1 }, { ...broken, maxLifetimeSeconds: Number.POSITIVE_INFINITY })).toThrow(
      refusal('ERR_TOKEN_EXPIRED'),
    );
  });

  it('says that a subject which is the client acts for itself [JWT-27 AT-12]', () => {
    expect(check({}).subjectType).toBe('user');
    expect(check({ sub: 'assistant' }).subjectType).toBe('client');
  });

  it('reads scopes as names between spaces, each as written [ACT-08]', () => {
    expect(check({ scope: ' read:data  READ:data ' }).scopes).toEqual(['read:data', 'READ:data']);
    expect(check({ scope: '' }).scopes).toEqual([]);
    expect(check({}).scopes).toEqual([]);
  });

  it('says which key the token is bound to [DPOP-28]', () => {
    expect(check({}).confirmation).toBeUndefined();
    expect(check({ cnf: { jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' } }).confirmation).toEqual({
      jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I',
    });
  });
});
