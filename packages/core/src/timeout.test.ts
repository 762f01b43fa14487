import { afterEach, describe, expect, it, vi } from 'vitest';
import { withTimeout } from './timeout.ts';

afterEach(() => {
  vi.useRealTimers();
});

describe('withTimeout', () => {
  it('gives what comes in time', async () => {
    expect(await withTimeout(Promise.resolve(7), 1)).toBe(7);
    await expect(withTimeout(Promise.reject(new Error('broken')), 1)).rejects.toThrow('broken');
  });

  it('takes what is no promise, but as good as one', async () => {
    class Answer {
      // biome-ignore lint/suspicious/noThenProperty: a store may give the promises of some other library
      then(resolve: (value: number) => void): void {
        resolve(7);
      }
    }
    expect(await withTimeout(new Answer() as never, 1)).toBe(7);
    expect(await withTimeout(undefined as never, 1)).toBeUndefined();
  });

  it('leaves no timer behind', async () => {
    vi.useFakeTimers();
    await withTimeout(Promise.resolve(7), 1);
    await withTimeout(Promise.reject(new Error('broken')), 1).catch(() => undefined);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('gives up on what does not', async () => {
    await expect(withTimeout(new Promise(() => undefined), 0.01)).rejects.toThrow('no answer in time');
  });
});
