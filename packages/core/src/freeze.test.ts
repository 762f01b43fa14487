import { describe, expect, it } from 'vitest';
import { freezeDeeply } from './freeze.ts';

describe('freezeDeeply', () => {
  it('freezes a value and everything in it, and returns the same value', () => {
    const value = { list: [{ deep: { deeper: true } }], empty: {}, text: 'a' };
    expect(freezeDeeply(value)).toBe(value);
    for (const part of [value, value.list, value.list[0], value.list[0]?.deep, value.empty]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  it('leaves functions alone: they belong to the caller', () => {
    const value = { allow: Object.assign(() => true, { calls: 0 }) };
    expect(Object.isFrozen(freezeDeeply(value).allow)).toBe(false);
  });

  it.each([undefined, null, 0, '', 'text', true, 1n])('gives back %s', (value) => {
    expect(freezeDeeply(value)).toBe(value);
  });

  it('ends on a value that holds itself', () => {
    const value: { self?: unknown; inner: object } = { inner: {} };
    value.self = value;
    expect(Object.isFrozen(freezeDeeply(value).inner)).toBe(true);
  });

  it('does not walk again what is frozen already', () => {
    const inner = {};
    freezeDeeply(Object.freeze({ inner }));
    expect(Object.isFrozen(inner)).toBe(false);
  });

  it('survives as many levels as parsed JSON can have', () => {
    let value: object = {};
    for (let level = 0; level < 64; level += 1) value = { value };
    expect(Object.isFrozen(freezeDeeply(value))).toBe(true);
  });
});
