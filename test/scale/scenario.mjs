import { setImmediate as turn } from 'node:timers/promises';
import { percentile } from '../bench/measure.mjs';
import { look, measure } from './monitor.mjs';

/** @typedef {import('./monitor.mjs').Sample} Sample */
/** @typedef {import('./monitor.mjs').Memory} Memory */

/** A tenth of everything: `--quick`. */
const isQuick = process.argv.includes('--quick');

/** @param {number} full how many, unless it has to be quick */
export const sized = (full) => (isQuick ? Math.ceil(full / 10) : full);

/**
 * @typedef {object} How
 * @property {number} [ratio] of its speed to that of the row before
 * @property {Memory} [used] by the process that did it. Default: by this one, now
 */

/**
 * What a scenario does: prints what it measures, row by row, and notes what should not be so.
 *
 * @typedef {object} Scenario
 * @property {(name: string, count: number, task: () => Promise<unknown>) => Promise<Memory>} row measures, prints a row, and
 *   returns the memory that is in use afterwards
 * @property {(name: string, samples: readonly Sample[], how?: How) => Promise<Memory>} print the row of what was measured
 * @property {(sentence: string) => void} say
 * @property {(holds: boolean, rule: string) => void} expect
 */

/** @type {string[]} */
const faults = [];
let rules = 0;

/**
 * Runs a scenario in this process, and ends it: with 1 where a rule does not hold.
 *
 * @param {string} title
 * @param {(scenario: Scenario) => Promise<void>} play
 */
export async function runScenario(title, play) {
  console.log(`\n${line([title, ...columns.map(([head]) => head)])}`);
  await play({ row, print, say, expect });
  for (const fault of faults) console.log(`  ✗ not so: ${fault}`);
  console.log(`  ${rules - faults.length} of ${rules} rules hold.`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}

/** @type {Scenario['row']} */
async function row(name, count, task) {
  return print(name, [await measure(count, task)]);
}

/** @type {Scenario['print']} */
async function print(name, samples, { ratio, used } = {}) {
  const memory = used ?? (await look());
  console.log(line([name, ...columns.map(([, , cell]) => cell(samples, memory, ratio))]));
  return memory;
}

/** @type {Scenario['say']} */
function say(sentence) {
  console.log(`  ${sentence}`);
}

/** @type {Scenario['expect']} */
function expect(holds, rule) {
  rules += 1;
  if (!holds) faults.push(rule);
}

/** @typedef {(samples: readonly Sample[], memory: Memory, ratio: number | undefined) => string} Cell */

/** @param {number} value @param {number} [digits] */
export const format = (value, digits = 0) =>
  value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** @param {number} bytes */
export const megabytes = (bytes) => `${format(bytes / 1e6, 1)} MB`;

/** @param {keyof Sample} member @param {(values: readonly number[]) => number} join @param {number} [digits] @returns {Cell} */
const of = (member, join, digits) => (samples) => format(join(samples.map((sample) => sample[member])), digits);
/** @param {readonly number[]} values */
const sum = (values) => values.reduce((total, value) => total + value, 0);
/** @param {readonly number[]} values */
const median = (values) => percentile(values, 0.5);
/** @param {readonly number[]} values */
const most = (values) => Math.max(...values);

/** @type {readonly (readonly [string, number, Cell])[]} */
const columns = [
  ['count', 11, of('count', sum)],
  ['per s', 9, of('perSecond', median)],
  ['CPU µs', 7, of('cpuMicroseconds', median, 1)],
  ['ratio', 6, (_samples, _memory, ratio) => (ratio === undefined ? '' : format(ratio, 2))],
  ['heap MB', 8, (_samples, { heap }) => format(heap / 1e6, 1)],
  ['external', 9, (_samples, { external }) => format(external / 1e6, 1)],
  ['RSS', 6, (_samples, { resident }) => format(resident / 1e6)],
  ['GCs', 6, of('pauses', sum)],
  ['GC ms', 7, of('paused', sum)],
  ['longest', 8, of('longestPause', most, 1)],
  ['loop p99', 9, of('delay99', most, 1)],
  ['max', 7, of('longestDelay', most, 1)],
];

/** @param {readonly string[]} cells */
function line([name = '', ...cells]) {
  return name.padEnd(34) + cells.map((cell, index) => cell.padStart(columns[index]?.[1] ?? 0)).join('');
}

/**
 * Does something very often, some of it at once, and lets the event loop turn now and then, as sockets would.
 *
 * @param {number} count
 * @param {number} atOnce
 * @param {(index: number) => Promise<void>} run
 */
export async function drive(count, atOnce, run) {
  for (let from = 0; from < count; from += atOnce) {
    await Promise.all(Array.from({ length: Math.min(atOnce, count - from) }, (_, offset) => run(from + offset)));
    await turn();
  }
}
