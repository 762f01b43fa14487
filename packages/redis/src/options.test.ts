import { ConfigurationError } from '@gatehouse/core';
import { expect, it } from 'vitest';
import { parseOptions, type RedisStoresOptions } from './options.ts';

it('fills in defaults', () => {
  expect(parseOptions({})).toEqual({ prefix: 'gatehouse', timeoutSeconds: 0.25, revocations: undefined });
  expect(parseOptions({ prefix: undefined, timeoutSeconds: undefined })).toEqual(parseOptions({}));
});

it('takes what may be set', () => {
  const options = { prefix: 'app:Auth_1.v-2', timeoutSeconds: 4 };
  expect(parseOptions(options)).toEqual({ ...options, revocations: undefined });
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

it('fills in the defaults of revocations, and keeps keys where nothing shows them', () => {
  expect(parseOptions({ revocations: {} }).revocations).toEqual({ keys: [], maxLagSeconds: 10, maxEntries: 1_000_000 });
  const secret = Buffer.alloc(32, 7);
  const [key] = parseOptions({ revocations: { keys: [secret] } }).revocations?.keys ?? [];
  secret.fill(0);
  expect(key?.export()).toEqual(Buffer.alloc(32, 7));
});

it.each([
  [{ keys: [] }, 'keys'],
  [{ keys: [Buffer.alloc(31)] }, 'keys'],
  [{ keys: ['a'.repeat(32)] }, 'keys'],
  [{ keys: Array.from({ length: 9 }, () => Buffer.alloc(32)) }, 'keys'],
  [{ maxLagSeconds: 1.9 }, 'maxLagSeconds'],
  [{ maxLagSeconds: 3601 }, 'maxLagSeconds'],
  [{ maxLagSeconds: Number.NaN }, 'maxLagSeconds'],
  [{ maxEntries: 0 }, 'maxEntries'],
  [{ maxEntries: 1.5 }, 'maxEntries'],
  [{ secrets: [] }, 'secrets'],
])('refuses revocations by %j', (revocations, name) => {
  const issues = [{ path: `revocations.${name}`, message: expect.any(String) }];
  expect(() => parseOptions({ revocations } as RedisStoresOptions)).toThrow(expect.objectContaining({ issues }));
});

it.each([null, true, 'yes'])('refuses %j for revocations', (revocations) => {
  const issues = [{ path: 'revocations', message: 'must be an object' }];
  expect(() => parseOptions({ revocations } as never)).toThrow(expect.objectContaining({ issues }));
});
