import { expect, test } from 'vitest';
import { loadManifest } from '../conformance/manifest.mjs';
import { readText } from '../repository.ts';
import { mutate, mutations } from './mutations.mjs';

test.each(mutations)('switching off that $check changes $file', ({ file, ...mutation }) => {
  const source = readText(file);
  expect(mutate(mutation, source)).not.toBe(source);
});

test('a text that is not there once is no mutation', () => {
  expect(mutate({ find: 'b', replace: 'c' }, 'abd')).toBe('acd');
  expect(() => mutate({ find: 'b', replace: 'c' }, 'ad')).toThrow('Found 0 times');
  expect(() => mutate({ find: 'b', replace: 'c' }, 'abb')).toThrow('Found 2 times');
});

test('every mutation has a name of its own, and cites rows that exist', () => {
  const checks = mutations.map(({ check }) => check);
  expect(checks.filter((check, index) => checks.indexOf(check) !== index)).toEqual([]);
  const known = new Set(loadManifest().sections.flatMap(({ rows }) => rows.map(({ id }) => id)));
  expect(mutations.flatMap(({ rows }) => rows).filter((id) => !known.has(id))).toEqual([]);
});
