import { median } from './measure.mjs';

/** @typedef {import('./measure.mjs').Row} Row */
/** @typedef {import('./measure.mjs').Sample} Sample */

/**
 * What we want to reach.
 *
 * @typedef {object} Target
 * @property {string} path what is measured, and compared with what
 * @property {'at least' | 'at most'} sense
 * @property {number} bound
 * @property {string} unit after the number
 * @property {string} table the id of the table that has the rows
 * @property {readonly string[]} rows
 * @property {(rows: readonly Row[]) => number} measure
 * @property {true} [fullOnly] a quick run has no such row
 */

/**
 * @typedef {object} Result
 * @property {string} path
 * @property {string} target
 * @property {string} unit
 * @property {number} [measured] nothing: the run left it out
 * @property {boolean} [reached]
 */

const limit = 'ES256 verification alone';
const ours = 'Gatehouse';
const inFlight = 'Gatehouse, warm, 16 at once';
const auth0 = 'express-oauth2-jwt-bearer';
const atRate = ['10,000 proofs/s'];

/** By processor time where the clock is not named. @type {readonly Target[]} */
export const targets = [
  {
    path: 'DPoP, one core ÷ ES256 verification',
    ...{ table: 'cores', rows: [`${inFlight}, one core`, `${limit}, one core`] },
    ...atLeast(0.88, byCpu),
  },
  {
    path: 'DPoP, two cores ÷ one core, by the clock',
    ...{ table: 'cores', rows: [`${inFlight}, two cores`, `${inFlight}, one core`] },
    ...atLeast(1.5, byClock),
  },
  { path: 'DPoP ÷ express-oauth2-jwt-bearer', table: 'dpop', rows: [inFlight, auth0], ...atLeast(5, byCpu) },
  { path: 'DPoP ÷ oauth4webapi', table: 'dpop', rows: [inFlight, 'oauth4webapi'], ...atLeast(8, byCpu) },
  {
    path: 'DPoP over Express, one core ÷ express-oauth2-jwt-bearer',
    ...{ table: 'express-dpop', rows: [ours, auth0] },
    ...atLeast(2.5, byCpu),
  },
  {
    path: 'DPoP over Express, two cores ÷ express-oauth2-jwt-bearer, by the clock',
    ...{ table: 'express-dpop-cores', rows: [ours, auth0] },
    ...atLeast(3, byClock),
  },
  {
    path: 'DPoP over Fastify ÷ bare, ES256 verification and 3 µs',
    ...{ table: 'fastify-dpop', rows: [ours, 'bare, and one ES256 verification'] },
    ...atLeast(0.9, ({ cpuMicroseconds }, floor) => (floor.cpuMicroseconds + 3) / cpuMicroseconds),
  },
  { path: 'DPoP with Redis ÷ in memory', table: 'stores', rows: ['in Redis', 'in memory'], ...atLeast(0.88, byCpu) },
  { path: 'p50 of Redis at 10,000 proofs/s', table: 'latency', rows: atRate, ...atMost(0.5, ' ms', 'p50') },
  { path: 'p99 of Redis at 10,000 proofs/s', table: 'latency', rows: atRate, ...atMost(2, ' ms', 'p99') },
  {
    path: 'one of a million proofs in Redis',
    ...{ table: 'bytes', rows: ['1,000,000 proofs'], fullOnly: true },
    ...atMost(30, ' B', 'bytesPerProof'),
  },
  {
    path: 'bearer, warm, with revocations and decisions ÷ ES256 verification',
    ...{ table: 'bearer', rows: ['Gatehouse, warm, list and decisions', limit] },
    ...atLeast(40, byCpu),
  },
  { path: 'bearer, cold ÷ jose', table: 'bearer', rows: ['Gatehouse, cold', 'jose'], ...atLeast(1, byCpu) },
  { path: 'bearer over Express ÷ bare', table: 'express-bearer', rows: [ours, 'bare'], ...atLeast(0.95, byCpu) },
  { path: 'bearer over Fastify ÷ bare', table: 'fastify-bearer', rows: [ours, 'bare'], ...atLeast(0.88, byCpu) },
  { path: 'bearer over Koa ÷ bare', table: 'koa-bearer', rows: [ours, 'bare'], ...atLeast(0.88, byCpu) },
];

/**
 * @param {Readonly<Record<string, readonly Row[]>>} tables by id; those that are missing were not measured
 * @returns {readonly Result[]}
 * @throws Error when a table has no row of a name that a target has
 */
export function judge(tables) {
  return targets.map(({ path, sense, bound, unit, table, rows, measure, fullOnly }) => {
    const target = `${sense} ${bound}${unit}`;
    const found = rows.map((name) => tables[table]?.find((row) => row.name === name));
    const measurable = found.filter((row) => row !== undefined);
    if (measurable.length < rows.length) {
      if (tables[table] === undefined || fullOnly) return { path, target, unit };
      throw new Error(`The table "${table}" has no row that the target "${path}" needs.`);
    }
    const measured = measure(measurable);
    return { path, target, unit, measured, reached: sense === 'at least' ? measured >= bound : measured <= bound };
  });
}

/**
 * Of two rows: the median of what each round says.
 *
 * @param {number} bound
 * @param {(sample: Sample, other: Sample) => number} compare
 * @returns {Pick<Target, 'sense' | 'bound' | 'unit' | 'measure'>}
 */
function atLeast(bound, compare) {
  return {
    sense: 'at least',
    bound,
    unit: '',
    measure([row, other]) {
      const pairs = row?.rounds.flatMap((sample, round) => {
        const against = other?.rounds[round];
        return against === undefined ? [] : [compare(sample, against)];
      });
      return median(pairs ?? []);
    },
  };
}

/**
 * Of one row: the median of this member of its samples.
 *
 * @param {number} bound
 * @param {string} unit
 * @param {string} member
 * @returns {Pick<Target, 'sense' | 'bound' | 'unit' | 'measure'>}
 */
function atMost(bound, unit, member) {
  return { sense: 'at most', bound, unit, measure: ([row]) => row?.median[member] ?? Number.NaN };
}

/** @param {Sample} sample @param {Sample} other */
function byCpu(sample, other) {
  return other.cpuMicroseconds / sample.cpuMicroseconds;
}

/** @param {Sample} sample @param {Sample} other */
function byClock(sample, other) {
  return sample.perSecond / other.perSecond;
}
