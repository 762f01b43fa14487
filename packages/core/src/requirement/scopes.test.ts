import { describe, expect, it } from 'vitest';
import { createMissingScopeFinder, type ScopeHierarchy, scopeHierarchySchema, scopeList } from './scopes.ts';

const missing = (hierarchy: ScopeHierarchy, required: readonly string[], held: readonly string[]) =>
  createMissingScopeFinder(hierarchy)(required, new Set(held));

describe('createMissingScopeFinder', () => {
  it('finds the scopes that are not held, in the order required [BRR-13]', () => {
    expect(missing({}, ['c', 'a', 'b'], ['a'])).toEqual(['c', 'b']);
    expect(missing({}, ['c', 'a', 'b'], ['b', 'a', 'c'])).toEqual([]);
  });

  it('finds nothing missing where nothing is required', () => {
    expect(missing({}, [], [])).toEqual([]);
  });

  it.each(['READ', 'read ', 'rea', 'read:', 'read:data'])('takes %j for another scope than read', (held) => {
    expect(missing({}, ['read'], [held])).toEqual(['read']);
    expect(missing({}, ['read'], ['read'])).toEqual([]);
  });

  const hierarchy = { admin: ['write', 'audit'], write: ['read'], read: ['list'], owner: ['admin'] };

  it.each([
    ['admin', ['admin', 'write', 'audit', 'read', 'list'], ['owner']],
    ['write', ['write', 'read', 'list'], ['admin', 'audit', 'owner']],
    ['list', ['list'], ['read', 'write', 'admin']],
    ['owner', ['owner', 'admin', 'write', 'read', 'list', 'audit'], []],
    ['stranger', ['stranger'], ['list', 'admin']],
  ])('counts all that %s implies, over any number of steps, and nothing above it', (held, implied, notImplied) => {
    expect(missing(hierarchy, [...implied, ...notImplied], [held])).toEqual(notImplied);
  });

  it('counts a scope that is implied on two ways', () => {
    const diamond = { top: ['left', 'right'], left: ['bottom'], right: ['bottom'] };
    expect(missing(diamond, ['bottom', 'left', 'right'], ['top'])).toEqual([]);
    expect(missing(diamond, ['bottom', 'left'], ['right'])).toEqual(['left']);
  });

  it('does not gather a scope from what implies it only in part', () => {
    expect(missing({ admin: ['read', 'write'] }, ['admin'], ['read', 'write'])).toEqual(['admin']);
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'])(
    'takes %s for a name like any other',
    (name) => {
      expect(missing({}, [name], ['read'])).toEqual([name]);
      expect(missing({}, ['read'], [name])).toEqual(['read']);
      expect(missing({ [name]: ['read'] }, ['read'], [name])).toEqual([]);
      expect(missing({ admin: [name] }, [name], ['admin'])).toEqual([]);
      expect(missing({ admin: [name] }, [name], ['read'])).toEqual([name]);
    },
  );

  it('follows a long chain', () => {
    const names = Array.from({ length: 300 }, (_, index) => `s${index}`);
    const chain = Object.fromEntries(names.slice(1).map((name, index) => [names[index], [name]]));
    expect(missing(chain, ['s299'], ['s0'])).toEqual([]);
    expect(missing(chain, ['s0'], ['s299'])).toEqual(['s0']);
  });
});

describe('scopeList', () => {
  it.each(['a', 'read:data', 'https://api.example/read', "!#$%&'()*+,-./:;<=>?@[]^_`{|}~"])(
    'takes %s [CHL-06]',
    (scope) => {
      expect(scopeList.safeParse([scope]).success).toBe(true);
    },
  );

  it.each(['', ' ', 'a b', 'a"b', 'a\\b', 'a\nb', 'a\r\nSet-Cookie: b', 'a\tb', 'a\x7F', 'caf\u00E9', 'a\u2028b'])(
    'refuses %j: a challenge could not carry it (RFC 6749 §3.3) [CHL-06]',
    (scope) => {
      expect(scopeList.safeParse([scope]).success).toBe(false);
    },
  );

  it('refuses offline_access, which no resource can require [MCP-11]', () => {
    expect(scopeList.safeParse(['read', 'offline_access']).error?.issues[0]?.message).toBe(
      'offline_access is not a scope of a resource',
    );
    expect(scopeList.safeParse(['read', 'offline_access2']).success).toBe(true);
  });

  it.each([[[]], ['read'], [[1]], [null], [new Set(['read'])], [{ 0: 'read', length: 1 }]])('refuses %s', (value) => {
    expect(scopeList.safeParse(value).success).toBe(false);
  });
});

describe('scopeHierarchySchema', () => {
  const pathsOf = (hierarchy: unknown) =>
    scopeHierarchySchema.safeParse(hierarchy).error?.issues.map(({ path }) => path.join('.')) ?? [];

  it.each([
    ['itself', { a: ['a'], z: ['y'] }, ['a']],
    ['itself by another', { a: ['b'], b: ['a'], z: ['a'] }, ['a', 'b']],
    ['itself by several', { a: ['x', 'b'], b: ['c'], c: ['y', 'a'] }, ['a', 'b', 'c']],
  ])('refuses a scope that implies %s, and names it', (_, hierarchy, paths) => {
    expect(pathsOf(hierarchy)).toEqual(paths);
  });

  it.each([
    ['nothing', {}],
    ['two ways to the same scope', { a: ['b', 'c'], b: ['d'], c: ['d'] }],
    ['a scope twice', { a: ['b', 'b'] }],
  ])('takes a hierarchy with %s', (_, hierarchy) => {
    expect(pathsOf(hierarchy)).toEqual([]);
  });

  it('refuses names that are no scopes, on either side, and scopes that imply nothing', () => {
    expect(pathsOf({ 'a b': ['c'], d: ['e f'], g: [], offline_access: ['h'] })).toEqual([
      'a b',
      'd.0',
      'g',
      'offline_access',
    ]);
  });

  it('reports a cycle beside another problem', () => {
    expect(pathsOf({ a: ['a'], 'b c': ['d'] })).toEqual(expect.arrayContaining(['a', 'b c']));
  });

  it.each([[[7]], [[null]], [[{}]], [[Object.create(null)]], [[['a']]]])(
    'refuses %j for what a scope implies',
    (implied) => {
      expect(pathsOf({ a: implied })).toContain('a.0');
    },
  );

  it.each(['constructor', 'toString'])('keeps an entry named %s', (name) => {
    const hierarchy = scopeHierarchySchema.parse(JSON.parse(`{"${name}":["read"]}`));
    expect(Object.keys(hierarchy)).toEqual([name]);
    expect(createMissingScopeFinder(hierarchy)(['read'], new Set([name]))).toEqual([]);
  });
});
