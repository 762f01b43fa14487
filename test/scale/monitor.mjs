import { constants, monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { toMicroseconds } from '../bench/measure.mjs';

/**
 * What a stretch of work was like. Times are milliseconds, but for the processor's.
 *
 * @typedef {object} Sample
 * @property {number} count of operations
 * @property {number} perSecond
 * @property {number} cpuMicroseconds processor time of all threads for one operation
 * @property {number} pauses how often the garbage collector has stopped the process
 * @property {number} paused for how long altogether
 * @property {number} longestPause
 * @property {number} delay99 99 of 100 turns of the event loop came late by less
 * @property {number} longestDelay
 */

const resolution = 1;
/** @type {number[]} */
let pauses = [];

const observer = new PerformanceObserver((list) => note(list.getEntries()));
observer.observe({ entryTypes: ['gc'] });

/** Those that were asked for say nothing about the work. @param {readonly PerformanceEntry[]} entries */
function note(entries) {
  for (const { duration, detail } of entries) {
    const { flags = 0 } = /** @type {{ readonly flags?: number }} */ (detail);
    if ((flags & constants.NODE_PERFORMANCE_GC_FLAGS_FORCED) === 0) pauses.push(duration);
  }
}

/**
 * Watches this process while it does something.
 *
 * @param {number} count how many operations that is
 * @param {() => Promise<unknown>} task
 * @returns {Promise<Sample>}
 */
export async function measure(count, task) {
  note(observer.takeRecords());
  pauses = [];
  const delays = monitorEventLoopDelay({ resolution });
  delays.enable();
  await turn();
  const cpu = process.cpuUsage();
  const start = performance.now();
  await task();
  const milliseconds = performance.now() - start;
  const cpuMicroseconds = toMicroseconds(process.cpuUsage(cpu)) / count;
  await turn();
  delays.disable();
  note(observer.takeRecords());
  const late = (/** @type {number} */ nanoseconds) => Math.max(0, nanoseconds / 1e6 - resolution);
  return {
    count,
    perSecond: (count * 1000) / milliseconds,
    cpuMicroseconds,
    pauses: pauses.length,
    paused: pauses.reduce((total, pause) => total + pause, 0),
    longestPause: Math.max(0, ...pauses),
    delay99: late(delays.percentile(99)),
    longestDelay: late(delays.max),
  };
}

/**
 * Memory in use, in bytes, without what waits to be collected: `heap` is JavaScript's, `buffers` that of typed arrays.
 *
 * @typedef {{ readonly heap: number, readonly buffers: number, readonly external: number, readonly resident: number }} Memory
 */

/** @returns {Promise<Memory>} */
export async function look() {
  // What is native goes when its object has gone, a turn later.
  for (let round = 0; round < 3; round += 1) {
    collectGarbage();
    await turn();
  }
  const { heapUsed: heap, arrayBuffers: buffers, external, rss: resident } = process.memoryUsage();
  return { heap, buffers, external, resident };
}

function collectGarbage() {
  if (globalThis.gc === undefined) throw new Error('A scenario needs --expose-gc: start it by scale.mjs.');
  globalThis.gc();
}
