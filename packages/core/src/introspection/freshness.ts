/**
 * Whether what was learned at a time is young enough: less than so many seconds old, so that a demand for 0 is met by nothing
 * that was known before. What a clock that was set back dates in the future is of no known age.
 *
 * @param at milliseconds since the epoch, as is `now`
 */
export function isFresh(at: number, maxAgeSeconds: number, now: number): boolean {
  const age = now - at;
  return age >= 0 && age < maxAgeSeconds * 1000;
}
