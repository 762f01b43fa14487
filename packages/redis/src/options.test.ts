import { ConfigurationError } from '@gatehouse/core';
import { expect, it } from 'vitest';
import { parseOptions, type RedisStoresOptions } from './options.ts';

it('fills in defaults', () => {
  expect(parseOptions({})).toEqual({ prefix: 'gatehouse', timeoutSeconds: 0.25 });
  expect(parseOptions({ prefix: undefined, timeoutSeconds: undefined })).toEqual(parseOptions({}));
});

it('takes what may be set', () => {
  const options = { prefix: 'app:Auth_1.v-2', timeoutSeconds: 4 };
  expect(parseOptions(options)).toEqual(options);
});

it.each(['', '{tag}', 'a*', 'a?', 'a b', 'ä', 'x'.repeat(65), 1])('refuses the prefix %j', (prefix) => {
  expect(() => parseOptions({ prefix } as RedisStoresOptions)).toThrow(/prefix: must be 1 to 64 of the characters/);
});

it.each([0, 0.009, 4.001, Number.NaN, Number.POSITIVE_INFINITY, '1'])(
  'refuses to wait %j seconds',
  (timeoutSeconds) => {
    expect(() => parseOptions({ timeoutSeconds } as RedisStoresOptions)).toThrow(/timeoutSeconds: must be a number/);
  },
);

it('reports every problem at once, unknown options among them', () => {
  const options = { prefix: '', timeoutSeconds: 0, prefixes: 'x' } as RedisStoresOptions;
  expect(() => parseOptions(options)).toThrow(ConfigurationError);
  const issues = ['prefix', 'timeoutSeconds', 'prefixes'].map((path) => ({ path, message: expect.any(String) }));
  expect(() => parseOptions(options)).toThrow(expect.objectContaining({ issues }));
});
