import { createSecretKey, randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { createNonces } from './nonce.ts';

const first = createSecretKey(Buffer.alloc(32, 1));
const second = createSecretKey(Buffer.alloc(32, 2));
const resource = 'https://api.example/v1';
let now: number;
let nonces: ReturnType<typeof make>;

/** Nonces of a store without epochs, unless a test names one. */
function make(changes: Partial<Parameters<typeof createNonces>[0]> = {}) {
  const made = createNonces({
    resource,
    secrets: [first],
    lifetimeSeconds: 300,
    toleranceSeconds: 5,
    now: () => now,
    ...changes,
  });
  return {
    issue: (epoch = '') => made.issue(epoch),
    judge: (nonce: string | undefined, epoch = '') => made.judge(nonce, epoch),
  };
}
const advance = (seconds: number) => {
  now += seconds * 1000;
};

beforeEach(() => {
  now = 1_800_000_000_000;
  nonces = make();
});

describe('nonces', () => {
  it('are all different, of the characters that a nonce may have, with at least 96 bits that nobody can guess [DPOP-16]', () => {
    const issued = Array.from({ length: 1000 }, () => nonces.issue());
    expect(new Set(issued).size).toBe(1000);
    for (const nonce of issued) expect(nonce).toMatch(/^[\x21\x23-\x5B\x5D-\x7E]{46}$/);
  });

  it('are good for their lifetime, and aging in its second half [DPOP-14 DPOP-18]', () => {
    const nonce = nonces.issue();
    expect(nonces.judge(nonce)).toBe('fresh');
    advance(150);
    expect(nonces.judge(nonce)).toBe('fresh');
    advance(0.001);
    expect(nonces.judge(nonce)).toBe('aging');
    advance(149.999);
    expect(nonces.judge(nonce)).toBe('aging');
    advance(0.001);
    expect(nonces.judge(nonce)).toBe('invalid');
  });

  it('may come from a process whose clock is ahead by the tolerance, and not by more [DPOP-21]', () => {
    advance(5);
    const nonce = nonces.issue();
    advance(-5);
    expect(nonces.judge(nonce)).toBe('fresh');
    advance(-0.001);
    expect(nonces.judge(nonce)).toBe('invalid');
  });

  it('are known to every process with the same secrets, and to no other [DPOP-15 DPOP-21]', () => {
    expect(make().judge(nonces.issue())).toBe('fresh');
    expect(make({ secrets: [second] }).judge(nonces.issue())).toBe('invalid');
  });

  it('are good at one resource only [DPOP-15]', () => {
    expect(make({ resource: 'https://api.example/v2' }).judge(nonces.issue())).toBe('invalid');
  });

  it('end with the epoch in which they were issued', () => {
    const nonce = nonces.issue('one');
    expect(nonces.judge(nonce, 'one')).toBe('fresh');
    expect(nonces.judge(nonce, 'two')).toBe('invalid');
    expect(nonces.judge(nonce)).toBe('invalid');
    expect(nonces.judge(nonces.issue(), 'one')).toBe('invalid');
    expect(make({ resource: `${resource}one` }).judge(nonce)).toBe('invalid');
  });

  it('survive a rotation of the secrets, and end with the last process that knows theirs [DPOP-21]', () => {
    const old = nonces.issue();
    const rotated = make({ secrets: [second, first] });
    expect(rotated.judge(old)).toBe('fresh');
    // A process that has not been restarted yet refuses what the new secret makes: the order of rotation says so.
    expect(nonces.judge(rotated.issue())).toBe('invalid');
    expect(make({ secrets: [first, second] }).judge(rotated.issue())).toBe('fresh');
    expect(make({ secrets: [second] }).judge(old)).toBe('invalid');
  });

  it('are refused alike, whatever is wrong with them [DPOP-15]', () => {
    const good = nonces.issue();
    const bytes = Buffer.from(good, 'base64url');
    const flipped = Array.from(bytes.keys(), (index) => {
      const copy = Buffer.from(bytes);
      copy.writeUInt8(copy.readUInt8(index) ^ 1, index);
      return copy.toString('base64url');
    });
    const bad = [
      ...flipped,
      undefined,
      '',
      `${good}=`,
      `${good}A`,
      good.slice(1),
      'x',
      randomBytes(34).toString('base64url'),
    ];
    for (const nonce of bad) expect(nonces.judge(nonce)).toBe('invalid');
    expect(nonces.judge(good)).toBe('fresh');
  });

  it('are refused by a clock that says nothing', () => {
    const nonce = nonces.issue();
    now = Number.NaN;
    expect(nonces.judge(nonce)).toBe('invalid');
  });
});
