import { describe, expect, it } from 'vitest';
import { findForeignMark } from './profile.ts';

const accessToken = { iss: 'https://as.example', sub: 'alice', azp: 'assistant', scope: 'read', sid: 's-1', acr: '1' };

describe('findForeignMark', () => {
  it('finds none in an access token, nor in one that says what it is', () => {
    expect(findForeignMark(accessToken)).toBeUndefined();
    for (const kind of [{ typ: 'Bearer' }, { typ: 'DPoP' }, { token_use: 'access' }]) {
      expect(findForeignMark({ ...accessToken, ...kind })).toBeUndefined();
    }
  });

  it.each<[string, unknown, string]>([
    ['nonce', 'n-1', 'an ID token'],
    ['nonce', null, 'an ID token'],
    ['at_hash', 'x', 'an ID token'],
    ['c_hash', 'x', 'an ID token'],
    ['s_hash', 'x', 'an ID token'],
    ['typ', 'ID', 'an ID token'],
    ['token_use', 'id', 'an ID token'],
    ['typ', 'Refresh', 'a refresh token'],
    ['typ', 'Offline', 'a refresh token'],
    ['typ', 'Logout', 'a logout token'],
    ['typ', 'bearer', 'what nobody knows'],
    ['typ', ['Bearer'], 'what nobody knows'],
    ['typ', null, 'what nobody knows'],
    ['events', {}, 'a security event token'],
    ['htm', 'GET', 'a DPoP proof'],
    ['htu', 'https://api.example/', 'a DPoP proof'],
    ['ath', 'x', 'a DPoP proof'],
    ['token_introspection', { active: true }, 'an answer of introspection'],
    ['status_list', { bits: 1, lst: 'x' }, 'a status list'],
  ])('finds that %s as %j marks %s [JWT-16 AT-01]', (claim, value) => {
    expect(findForeignMark({ ...accessToken, [claim]: value })).toBe(claim);
  });

  it('takes nonce for no mark where the token says that it is an access token, and any other for one', () => {
    expect(findForeignMark({ ...accessToken, typ: 'Bearer', nonce: 'n-1' })).toBeUndefined();
    expect(findForeignMark({ ...accessToken, typ: 'ID', nonce: 'n-1' })).toBe('typ');
    expect(findForeignMark({ ...accessToken, typ: 'Bearer', token_use: 'id' })).toBe('token_use');
    expect(findForeignMark({ ...accessToken, typ: 'Bearer', at_hash: 'x' })).toBe('at_hash');
    expect(findForeignMark({ ...accessToken, typ: 'Bearer', events: {} })).toBe('events');
  });
});
