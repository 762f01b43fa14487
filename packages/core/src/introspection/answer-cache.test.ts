import { beforeEach, describe, expect, it } from 'vitest';
import { type AnswerCache, createAnswerCache } from './answer-cache.ts';

const start = 1_800_000_000_000;
let time: number;
let cache: AnswerCache;

beforeEach(() => open({}));

function open(options: { readonly capacity?: number; readonly inactiveSeconds?: number }): void {
  time = start;
  cache = createAnswerCache({ capacity: 10, inactiveSeconds: 5, now: () => time, ...options });
}

const claims = { active: true, sub: 'user-1' };
const keep = (hash: string, answer: object | 'inactive' = claims) =>
  cache.keep(hash, { claims: answer as typeof claims, at: time }, true);

describe('answers about active tokens', () => {
  it('are found until they are older than the demand', () => {
    keep('a');
    time += 9999;
    expect(cache.find('a', 10)).toEqual({ claims, at: start });
    expect(cache.find('a', 9)).toBeUndefined();
    time += 1;
    expect(cache.find('a', 10)).toBeUndefined();
    expect(cache.find('a', 11)).toEqual({ claims, at: start });
  });

  it('are never found by a demand for now', () => {
    keep('a');
    expect(cache.find('a', 0)).toBeUndefined();
  });

  it('are never found once their token has expired, however young they are', () => {
    const expiring = { ...claims, exp: start / 1000 + 5 };
    keep('a', expiring);
    time += 4999;
    expect(cache.find('a', 60)).toEqual({ claims: expiring, at: start });
    time += 1;
    expect(cache.find('a', 60)).toBeUndefined();
    expect(cache.size).toBe(0);
  });

  it('are found by nothing but the hash of their whole token', () => {
    keep('a');
    expect(cache.find('ab', 10)).toBeUndefined();
    expect(cache.find('', 10)).toBeUndefined();
  });

  it('are not found by a clock that was set back before them', () => {
    keep('a');
    time -= 1;
    expect(cache.find('a', 10)).toBeUndefined();
  });

  it('are not kept where there is no room, or where it is not worth it', () => {
    cache.keep('a', { claims, at: time }, false);
    expect(cache.find('a', 10)).toBeUndefined();
    open({ capacity: 0 });
    keep('a');
    expect(cache.find('a', 10)).toBeUndefined();
    expect(cache.size).toBe(0);
  });

  it('are as many as may be, and no more', () => {
    for (let count = 0; count < 1000; count += 1) keep(`token ${count}`);
    expect(cache.size).toBeLessThanOrEqual(10);
    expect(cache.find('token 999', 10)).toBeDefined();
  });
});

describe('answers about tokens that are not active', () => {
  it('are found for a shorter time, or as long as the demand allows', () => {
    keep('a', 'inactive');
    time += 4999;
    expect(cache.find('a', 60)).toEqual({ claims: 'inactive', at: start });
    expect(cache.find('a', 4)).toBeUndefined();
    time += 1;
    expect(cache.find('a', 60)).toBeUndefined();
  });

  it('are not kept where they count for no time', () => {
    open({ inactiveSeconds: 0 });
    keep('a', 'inactive');
    expect(cache.find('a', 60)).toBeUndefined();
  });

  it('push out no answer about an active token, however many they are', () => {
    for (const hash of ['a', 'b', 'c', 'd']) keep(hash);
    for (let count = 0; count < 50_000; count += 1) keep(`garbage ${count}`, 'inactive');
    for (const hash of ['a', 'b', 'c', 'd']) expect(cache.find(hash, 10)).toEqual({ claims, at: start });
    expect(cache.size).toBe(4);
  });
});

describe('a newer answer', () => {
  it('takes the place of the one before', () => {
    keep('a');
    time += 1000;
    keep('a', { ...claims, scope: 'less' });
    expect(cache.find('a', 10)).toEqual({ claims: { ...claims, scope: 'less' }, at: start + 1000 });
  });

  it('that the token is not active ends what was known of it', () => {
    keep('a');
    keep('a', 'inactive');
    expect(cache.find('a', 60)).toEqual({ claims: 'inactive', at: start });
    time += 5000;
    expect(cache.find('a', 60)).toBeUndefined();
  });

  it('that the token is active ends that it was not', () => {
    keep('a', 'inactive');
    keep('a');
    expect(cache.find('a', 1)).toEqual({ claims, at: start });
  });

  it('that is not worth keeping ends what was known, too', () => {
    keep('a');
    cache.keep('a', { claims, at: time }, false);
    expect(cache.find('a', 10)).toBeUndefined();
    keep('a', 'inactive');
    cache.keep('a', { claims, at: time }, false);
    expect(cache.find('a', 10)).toBeUndefined();
  });
});
