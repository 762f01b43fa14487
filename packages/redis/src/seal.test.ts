import { createSecretKey, type KeyObject } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createSeal } from './seal.ts';

const keyOf = (byte: number): KeyObject => createSecretKey(Buffer.alloc(32, byte));
const [one, two, three] = [keyOf(1), keyOf(2), keyOf(3)];

describe('a seal', () => {
  it('opens what any key of its ring has closed, and closes with the first', () => {
    const before = createSeal([one], 'p');
    const meanwhile = createSeal([two, one], 'p');
    const after = createSeal([two], 'p');
    expect(meanwhile.open(before.close('text'))).toBe('text');
    expect(after.open(meanwhile.close('text'))).toBe('text');
    expect(after.open(before.close('text'))).toBeUndefined();
  });

  it('opens nothing that was changed, shortened, or closed for another purpose', () => {
    const seal = createSeal([one], 'p');
    const record = seal.close('text');
    expect(seal.open(record)).toBe('text');
    for (const other of [
      '',
      'text',
      record.slice(1),
      record.slice(0, -1),
      `${record} `,
      `A${record.slice(1)}`,
      ` ${record}`,
    ]) {
      expect(seal.open(other)).toBeUndefined();
    }
    expect(createSeal([one], 'q').open(record)).toBeUndefined();
    expect(createSeal([three, two], 'p').open(record)).toBeUndefined();
    // What stands before the text is bytes of base64url, and no letters that become the same.
    expect(seal.open(record.replace(/^./, '\u{1F600}'))).toBeUndefined();
  });

  it('is none without keys', () => {
    const seal = createSeal([], 'p');
    expect([seal.close('text'), seal.open('text')]).toEqual(['text', 'text']);
  });
});
