import { expect, it } from 'vitest';
import { z } from 'zod';
import { ConfigurationError } from '../errors.ts';
import { parseSettings } from '../schema.ts';
import { completeQuestions, questionShape } from './options.ts';

const schema = z.strictObject(questionShape).transform(completeQuestions);
const parse = (options: unknown) => parseSettings('options', schema, options);

it('has a default for everything', () => {
  expect(parse({})).toEqual({
    cacheSeconds: 10,
    inactiveSeconds: 5,
    cachedAnswers: 10_000,
    callsInFlight: 64,
    callsPerSecond: 1000,
    waitSeconds: 1,
  });
});

it.each([
  [0, 0],
  [2, 2],
  [3600, 5],
])('with answers that count for %d s, lets bad tokens be asked about again after %d s', (cacheSeconds, expected) => {
  expect(parse({ cacheSeconds }).inactiveSeconds).toBe(expected);
  expect(parse({ cacheSeconds, inactiveSeconds: 1 }).inactiveSeconds).toBe(1);
});

it('takes the least and the most of everything', () => {
  const least = {
    cacheSeconds: 0,
    inactiveSeconds: 0,
    cachedAnswers: 0,
    callsInFlight: 2,
    callsPerSecond: 2,
    waitSeconds: 0,
  };
  const most = {
    cacheSeconds: 3600,
    inactiveSeconds: 60,
    cachedAnswers: 1_000_000,
    callsInFlight: 1024,
    callsPerSecond: 100_000,
    waitSeconds: 10,
  };
  expect(parse(least)).toEqual(least);
  expect(parse(most)).toEqual(most);
});

it('refuses what is less, more or of another kind, all of it at once', () => {
  const wrong = {
    cacheSeconds: 3601,
    inactiveSeconds: -1,
    cachedAnswers: 1.5,
    callsInFlight: 1,
    callsPerSecond: Number.POSITIVE_INFINITY,
    waitSeconds: '1',
    cacheTtl: 1,
  };
  let error: unknown;
  try {
    parse(wrong);
  } catch (caught) {
    error = caught;
  }
  expect(error).toBeInstanceOf(ConfigurationError);
  const paths = (error as ConfigurationError).issues.map(({ path }) => path);
  expect(paths.sort()).toEqual(
    ['', 'cacheSeconds', 'cachedAnswers', 'callsInFlight', 'callsPerSecond', 'inactiveSeconds', 'waitSeconds'].sort(),
  );
});
