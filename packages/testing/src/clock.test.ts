import { expect, test } from 'vitest';
import { createTestClock } from './clock.ts';

test('starts at the given time and does not move by itself', () => {
  expect(createTestClock(1_700_000_000_000).now()).toBe(1_700_000_000_000);
  expect(createTestClock(new Date('2026-01-01T00:00:00Z')).now()).toBe(Date.UTC(2026, 0, 1));
});

test('starts at the time of its creation when none is given', () => {
  const before = Date.now();
  const started = createTestClock().now();
  expect(started).toBeGreaterThanOrEqual(before);
  expect(started).toBeLessThanOrEqual(Date.now());
});

test('moves by seconds, forwards and back, and to a time', () => {
  const clock = createTestClock(0);
  clock.advance(1.5);
  expect(clock.now()).toBe(1500);
  clock.advance(-1);
  expect(clock.now()).toBe(500);
  clock.set(new Date(42));
  expect(clock.now()).toBe(42);
  clock.set(7);
  expect(clock.now()).toBe(7);
});

test('gives the time without its object', () => {
  const clock = createTestClock(0);
  const { now } = clock;
  clock.advance(1);
  expect(now()).toBe(1000);
});
