import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { viewHeaders } from './header-lists.ts';

const raw = ['Host', 'a', 'x-list', 'one, two', 'X-List', '', '__proto__', 'b', 'constructor', 'c'];
const listed = Object.fromEntries([
  ['host', ['a']],
  ['x-list', ['one, two', '']],
  ['__proto__', ['b']],
  ['constructor', ['c']],
]);

describe('a field', () => {
  it('has a line for each time that its name came, in any case and in order, joined with none [BRR-07]', () => {
    expect(viewHeaders(raw)['x-list']).toEqual(['one, two', '']);
  });

  it('is not there under another name, nor in another case, nor where a name has no value', () => {
    const headers = viewHeaders([...raw, 'alone']);
    for (const name of ['X-List', 'x-lis', 'x-list ', 'alone', 'toString', 'valueOf']) {
      expect(headers[name]).toBeUndefined();
      expect(name in headers).toBe(false);
    }
  });

  it('may have the name of a member of objects', () => {
    const headers = viewHeaders(raw);
    expect(['__proto__', 'constructor'].map((name) => headers[name])).toEqual([['b'], ['c']]);
  });

  it('is what it was, whatever is done to the message later', () => {
    const lines = ['a', '1'];
    const headers = viewHeaders(lines);
    lines.push('a', '2', 'b', '3');
    expect(headers['a']).toEqual(['1']);
    expect(Object.keys(headers)).toEqual(['a']);
  });
});

type Lists = Record<string, readonly string[]>;

describe('whatever is done first', () => {
  it.each<[string, (headers: Lists) => unknown]>([
    ['the names are listed', (headers) => Object.keys(headers)],
    ['the entries are listed', (headers) => Object.entries(headers)],
    ['a name is looked for', (headers) => ['x-list' in headers, 'y' in headers]],
    ['an own name is looked for', (headers) => [Object.hasOwn(headers, 'host'), Object.hasOwn(headers, 'y')]],
    ['it is copied', (headers) => ({ ...headers })],
    ['it is written as JSON', (headers) => JSON.stringify(headers)],
    ['it is shown in a log', (headers) => inspect(headers)],
    ['a field is replaced', (headers) => Object.assign(headers, { host: ['z'] })['host']],
    ['a field is added', (headers) => Object.assign(headers, { y: ['z'] })['y']],
    ['a field is removed', (headers) => [Reflect.deleteProperty(headers, 'host'), headers['host']]],
    ['it is frozen', (headers) => [Object.isFrozen(Object.freeze(headers)), Reflect.set(headers, 'y', ['z'])]],
  ])('%s: it is as if all lines had been listed from the start', (_, act) => {
    const headers = viewHeaders(raw) as Lists;
    const plain = structuredClone(listed);
    expect(act(headers)).toEqual(act(plain));
    expect(Object.entries(headers)).toEqual(Object.entries(plain));
    expect(headers['x-list']).toEqual(plain['x-list']);
  });
});
