import { describe, expect, it } from 'vitest';
import { withTimeout } from './timeout.ts';

describe('withTimeout', () => {
  it('gives what comes in time', async () => {
    expect(await withTimeout(Promise.resolve(7), 1)).toBe(7);
    await expect(withTimeout(Promise.reject(new Error('broken')), 1)).rejects.toThrow('broken');
  });

  it('gives up on what does not', async () => {
    await expect(withTimeout(new Promise(() => undefined), 0.01)).rejects.toThrow('no answer in time');
  });
});
