import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../errors.ts';
import { parseRequirement, type RequirementInput } from './requirement.ts';

/** What is wrong, by path; nothing where nothing is. */
function problemsOf(action: () => unknown): string[] {
  try {
    action();
    return [];
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return error.issues.map(({ path }) => path);
  }
}

/** As JavaScript would call it. */
const parseAny = (input: unknown) => parseRequirement(input as RequirementInput);

describe('parseRequirement', () => {
  it('takes one scope, several, or a requirement', () => {
    expect(parseRequirement('read')).toEqual({ scopes: ['read'] });
    expect(parseRequirement(['read', 'write'])).toEqual({ scopes: ['read', 'write'] });
    const allow = () => true;
    expect(parseRequirement({ scopes: ['read'], action: 'pay', allow })).toEqual({
      scopes: ['read'],
      action: 'pay',
      allow,
    });
    expect(parseRequirement({})).toEqual({});
  });

  it('reports every problem at once', () => {
    const input = { scopes: ['a b', 'ok', 'offline_access', 7], action: '', allow: 'yes', scope: 'read', roles: [] };
    expect(problemsOf(() => parseAny(input))).toEqual(['scopes.0', 'scopes.2', 'scopes.3', 'action', 'allow', '']);
    expect(() => parseAny(input)).toThrow('"scope", "roles"');
  });

  it('refuses an explicit undefined everywhere: a setting that is missing opens no route', () => {
    expect(problemsOf(() => parseAny(undefined))).toEqual(['']);
    expect(problemsOf(() => parseAny({ scopes: undefined, action: undefined, allow: undefined }))).toEqual([
      'scopes',
      'action',
      'allow',
    ]);
    expect(problemsOf(() => parseAny([undefined]))).toEqual(['scopes.0']);
    expect(problemsOf(() => parseAny({ unknown: undefined }))).toEqual(['']);
  });

  it.each([
    ['an empty list', [], 'scopes'],
    ['an empty list of scopes', { scopes: [] }, 'scopes'],
    ['an empty scope', '', 'scopes.0'],
    ['two scopes in one string', 'read write', 'scopes.0'],
    ['a list in a list', [['read']], 'scopes.0'],
    ['scopes that are a string', { scopes: 'read' }, 'scopes'],
    ['an action that is too long', { action: 'a'.repeat(201) }, 'action'],
    ['a misspelt key', { Scopes: ['read'] }, ''],
    ['a key named __proto__', JSON.parse('{"__proto__":{"scopes":["read"]}}'), ''],
    ['a key named constructor', { constructor: ['read'] }, ''],
    ['null', null, ''],
    ['true', true, ''],
    ['a number', 7, ''],
    ['a function', () => true, ''],
  ])('refuses %s', (_, input, path) => {
    expect(problemsOf(() => parseAny(input))).toEqual([path]);
  });

  it.each([
    ['a Set of scopes', new Set(['admin'])],
    ['a Map', new Map([['scopes', ['admin']]])],
    ['a promise of a requirement', Promise.resolve({ scopes: ['admin'] })],
    ['a Date', new Date(0)],
    ['a regular expression', /admin/],
    ['an Error', new Error('admin')],
    ['a String object', Object('admin')],
  ])('refuses %s, which would ask for nothing', (_, input) => {
    expect(problemsOf(() => parseAny(input))).not.toEqual([]);
    expect(parseAny(Object.assign(Object.create(null), { scopes: ['admin'] }))).toEqual({ scopes: ['admin'] });
  });

  it('freezes what it gives, and neither freezes nor follows what it was given', () => {
    const given = { scopes: ['read'] };
    const parsed = parseRequirement(given);
    given.scopes.push('write');
    expect(parsed).toEqual({ scopes: ['read'] });
    expect([Object.isFrozen(parsed), Object.isFrozen(parsed.scopes)]).toEqual([true, true]);
    expect([Object.isFrozen(given), Object.isFrozen(given.scopes)]).toEqual([false, false]);
  });

  it('repeats no value in its message', () => {
    expect(() => parseAny({ scopes: ['canary x'], action: 'canary'.repeat(50), allow: 'canary' })).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('canary') }),
    );
  });
});
