import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keepFailure, type Ready, whenFailed, whenReady } from './ready.ts';

const fault = new Error('fault');

function fail(): never {
  throw fault;
}

/** The two ways in which a step comes to its end. */
const ways: readonly (readonly [string, <Value>(value: Value) => Ready<Value>])[] = [
  ['at once', (value) => value],
  ['later', (value) => Promise.resolve(value)],
];

describe('whenReady', () => {
  it('takes the next step at once where nothing has to be waited for', () => {
    expect(whenReady(1, (value) => whenReady(value + 1, (next) => next * 10))).toBe(20);
  });

  it.each(ways)('waits for a step that ends %s', async (_, end) => {
    expect(await whenReady(end(1), (value) => end(value + 1))).toBe(2);
    expect(await whenReady(end(undefined), (value) => value)).toBeUndefined();
  });

  it('takes no step after one that rejects', async () => {
    const taken: unknown[] = [];
    const steps = whenReady(Promise.reject<number>(fault), (value) => taken.push(value));
    await expect(steps).rejects.toBe(fault);
    expect(taken).toEqual([]);
  });

  it('throws what a step throws that is taken at once, and rejects with it after a wait', async () => {
    expect(() => whenReady(1, fail)).toThrow(fault);
    await expect(whenReady(Promise.resolve(1), fail)).rejects.toBe(fault);
  });
});

/** Every way to fail. */
const failures: readonly (readonly [string, () => Ready<string>])[] = [
  ['throws', fail],
  ['rejects', () => Promise.reject(fault)],
  ['throws in a second step', () => whenReady('first', fail)],
  ['throws after a wait', () => whenReady(Promise.resolve('first'), fail)],
  ['rejects in a second step', () => whenReady('first', () => Promise.reject(fault))],
];

describe('whenFailed', () => {
  it.each(failures)('goes on from a step that %s', async (_, steps) => {
    const errors: unknown[] = [];
    const recover = (error: unknown) => `recovered ${errors.push(error)}`;
    expect(await whenFailed(steps, recover)).toBe('recovered 1');
    expect(errors).toEqual([fault]);
  });

  it.each(ways)('leaves a step alone that ends %s', async (_, end) => {
    expect(await whenFailed(() => end('value'), fail)).toBe('value');
  });

  it('does not catch what the recovery throws', async () => {
    const rethrow = (error: unknown) => {
      throw new Error('worse', { cause: error });
    };
    expect(() => whenFailed(fail, rethrow)).toThrow('worse');
    await expect(whenFailed(() => Promise.reject(fault), rethrow)).rejects.toThrow('worse');
  });
});

describe('keepFailure', () => {
  it.each(failures)('gives a promise that rejects for a step that %s', async (_, steps) => {
    const kept = keepFailure(steps);
    await expect(kept).rejects.toBe(fault);
    await expect(kept).rejects.toBe(fault);
  });

  it('gives what a step yields', () => {
    expect(keepFailure(() => 1)).toBe(1);
  });
});

describe('where something else is the global Promise', () => {
  const native = globalThis.Promise;
  const later = async (value: string) => value;
  const rejectLater = async () => fail();

  beforeEach(() => {
    globalThis.Promise = class Other<Value> extends native<Value> {} as PromiseConstructor;
  });

  afterEach(() => {
    globalThis.Promise = native;
  });

  it('waits for what async functions yield', async () => {
    expect(await whenReady(later('value'), (value) => `${value} came`)).toBe('value came');
  });

  it('waits for what has been made with it', async () => {
    expect(await whenReady(Promise.resolve('value'), (value) => `${value} came`)).toBe('value came');
  });

  it('takes no step after one that rejects, and goes on from it', async () => {
    const taken: unknown[] = [];
    const steps = () => whenReady(rejectLater(), () => taken.push('next'));
    expect(await whenFailed(steps, (error) => taken.push(error))).toBe(1);
    expect(taken).toEqual([fault]);
  });
});
