/** A clock that moves only when told to. */
export interface TestClock {
  /** The time in milliseconds since the epoch, as `Date.now` gives it. Needs no `this`: pass `now: clock.now`. */
  now(): number;
  /** Moves the clock to a time: a `Date`, or milliseconds since the epoch. It may lie in the past. */
  set(time: Date | number): void;
  /** Moves the clock by some seconds; a negative number moves it back. */
  advance(seconds: number): void;
}

/**
 * Creates a clock that stands still until you move it.
 *
 * @param start Where it stands: a `Date`, or milliseconds since the epoch. Default: the time of this call.
 */
export function createTestClock(start: Date | number = Date.now()): TestClock {
  let time = Number(start);
  return {
    now: () => time,
    set(to) {
      time = Number(to);
    },
    advance(seconds) {
      time += seconds * 1000;
    },
  };
}
