import { beforeEach, describe, expect, it } from 'vitest';
import { UnavailableError } from '../errors.ts';
import { type Breaker, createBreaker } from './breaker.ts';

const outage = new UnavailableError('ERR_METADATA_UNAVAILABLE', 1);
let time: number;
let breaker: Breaker;
/** Why it opened, each time. */
let opened: UnavailableError[];

beforeEach(() => {
  time = 1_800_000_000_000;
  opened = [];
  breaker = createBreaker(
    () => time,
    (fault) => opened.push(fault),
  );
});

/** A question that meets an outage. */
const fail = (hash: string) => breaker.send(hash)(outage);
/** A question to which the issuer says something, good or odd. */
const succeed = (hash: string) => breaker.send(hash)(undefined);
const failFor = (...hashes: readonly string[]) => hashes.forEach(fail);
const open = () => failFor('a', 'b', 'c', 'd', 'e');

describe('a closed breaker', () => {
  it('lets questions through until five tokens in a row have met an outage', () => {
    failFor('a', 'b', 'c', 'd');
    expect(breaker).toMatchObject({ state: 'closed' });
    expect(breaker.fault()).toBeUndefined();
    fail('e');
    expect(breaker).toMatchObject({ state: 'open' });
    expect(breaker.fault()).toMatchObject({ code: outage.code, retryAfterSeconds: 1, cause: outage });
  });

  it('counts one token once, however often it meets an outage', () => {
    for (let count = 0; count < 100; count += 1) fail('odd');
    expect(breaker.state).toBe('closed');
  });

  it('counts from the beginning after the issuer has spoken', () => {
    failFor('a', 'b', 'c', 'd');
    succeed('e');
    failFor('a', 'b', 'c', 'd');
    expect(breaker.state).toBe('closed');
  });

  it('says once that it opens, and why, when many questions fail together', () => {
    const ends = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((hash) => breaker.send(hash));
    for (const end of ends) end(outage);
    expect(opened).toEqual([expect.objectContaining({ code: outage.code, retryAfterSeconds: 1 })]);
  });
});

describe('an open breaker', () => {
  beforeEach(open);

  it('says how much of the pause is left', () => {
    time += 400;
    expect(breaker.fault()?.retryAfterSeconds).toBeCloseTo(0.6);
  });

  it('lets one question through when the pause is over, and closes when the issuer speaks', () => {
    time += 1000;
    expect(breaker.state).toBe('half-open');
    expect(breaker.fault()).toBeUndefined();
    const end = breaker.send('a');
    expect(breaker.fault()).toMatchObject({ code: outage.code });
    end(undefined);
    expect(breaker.state).toBe('closed');
    expect(breaker.fault()).toBeUndefined();
  });

  it('pauses for twice as long after each question that fails, but never for more than five seconds', () => {
    const pauses = [1, 2, 4, 5, 5, 5].map((expected) => {
      const seconds = breaker.fault()?.retryAfterSeconds ?? 0;
      expect(seconds).toBe(expected);
      time += seconds * 1000 - 1;
      expect(breaker.state).toBe('open');
      time += 1;
      expect(breaker.fault()).toBeUndefined();
      fail('probe');
      return seconds;
    });
    expect(opened).toHaveLength(pauses.length + 1);
  });

  it('begins with a short pause again after it was closed', () => {
    time += 1000;
    fail('a');
    time += 2000;
    succeed('a');
    open();
    expect(breaker.fault()?.retryAfterSeconds).toBe(1);
  });

  it('is closed by a late answer to an early question', () => {
    const early = createBreaker(() => time, opened.push.bind(opened));
    const end = early.send('slow');
    for (const hash of ['a', 'b', 'c', 'd', 'e']) early.send(hash)(outage);
    expect(early.state).toBe('open');
    end(undefined);
    expect(early.state).toBe('closed');
  });

  it('does not pause for longer because of a late failure of an early question', () => {
    const early = createBreaker(() => time, opened.push.bind(opened));
    const end = early.send('slow');
    for (const hash of ['a', 'b', 'c', 'd', 'e']) early.send(hash)(outage);
    end(outage);
    expect(early.fault()?.retryAfterSeconds).toBe(1);
  });

  it('is not held open by a clock that was set back', () => {
    time -= 3_600_000;
    expect(breaker.fault()).toBeUndefined();
    expect(breaker.state).toBe('half-open');
  });
});
