import { setImmediate as turn } from 'node:timers/promises';
import { alternate, toMicroseconds } from './measure.mjs';

/**
 * @typedef {object} Case
 * @property {string} name
 * @property {(index: number) => unknown} run one operation, awaited; throws when its result is wrong
 * @property {(count: number) => Promise<void>} [prepare] before each round, unmeasured: `run` is called with 0 to count - 1
 * @property {number} [inFlight] how many operations run at the same time. Default 1
 * @property {boolean} [inTurns] whether each has a turn of the event loop to itself, as a request of a quiet server has. Default false
 */

/**
 * @typedef {object} Effort
 * @property {number} rounds
 * @property {number} seconds of all rows together
 * @property {WarmUp} warmUp of each row
 */

/** What ends first, ends it. @typedef {{ readonly operations: number, readonly seconds: number }} WarmUp */

/** @param {readonly Case[]} cases the first one is what the others are compared with @param {Effort} effort */
export async function measureInProcess(cases, { rounds, seconds, warmUp }) {
  const slice = seconds / cases.length / (rounds + 1);
  const counts = new Map();
  for (const subject of cases) counts.set(subject, await calibrate(subject, slice, warmUp));
  return alternate(cases, rounds, (subject) => sample(subject, counts.get(subject)));
}

/**
 * Warms a case up, until the code that it runs is compiled, and finds out how many operations fill a slice.
 *
 * @param {Case} subject
 * @param {number} slice in seconds
 * @param {WarmUp} warmUp
 */
export async function calibrate(subject, slice, { operations, seconds }) {
  const end = performance.now() + seconds * 1000;
  let count = 1024;
  for (let done = 0; ; done += count) {
    const { perSecond } = await sample(subject, count);
    const isLong = count / perSecond > slice / 3;
    if (isLong && (done + count >= operations || performance.now() > end)) return Math.ceil(perSecond * slice);
    if (!isLong) count *= 2;
  }
}

/** @param {Case} subject @param {number} count of operations */
export async function sample({ prepare, run, inFlight = 1, inTurns = false }, count) {
  await prepare?.(count);
  let next = 0;
  async function runInTurn() {
    while (next < count) {
      await run(next++);
      if (inTurns) await turn();
    }
  }
  const cpu = process.cpuUsage();
  const start = performance.now();
  await Promise.all(Array.from({ length: inFlight }, runInTurn));
  const milliseconds = performance.now() - start;
  const cpuMicroseconds = toMicroseconds(process.cpuUsage(cpu)) / count;
  return { perSecond: (count * 1000) / milliseconds, microseconds: (milliseconds * 1000) / count, cpuMicroseconds };
}

/** @param {boolean} holds @param {string} complaint */
export function expect(holds, complaint) {
  if (!holds) throw new Error(complaint);
}
