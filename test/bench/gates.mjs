/** @typedef {import('./page/figures.mjs').Figures} Figures */
/** @typedef {import('./measure.mjs').Row} Row */

/**
 * A row that must not become slower, compared with the limit in the same run.
 *
 * @typedef {object} Gate
 * @property {'bearer' | 'dpop'} table
 * @property {string} row
 * @property {number} least the lowest ratio by processor time that passes
 */

/** What a row is held to is its target, or what is published where that is less; this share of it. */
const slack = 0.85;

/** @type {readonly { readonly table: Gate['table'], readonly row: string, readonly target: number }[]} */
const guarded = [
  { table: 'bearer', row: 'Gatehouse, warm', target: 40 },
  { table: 'bearer', row: 'Gatehouse, warm, list and decisions', target: 40 },
  { table: 'dpop', row: 'Gatehouse, warm, 16 at once', target: 0.88 },
];

/**
 * @param {Pick<Figures, 'tables'>} figures that are published
 * @returns {readonly Gate[]}
 * @throws Error when they lack a row
 */
export function listGates({ tables }) {
  return guarded.map(({ table, row, target }) => {
    const published = tables.find(({ id }) => id === table)?.rows.find(({ name }) => name === row);
    if (published === undefined) throw new Error(`docs/benchmark.json has no row "${row}".`);
    return { table, row, least: slack * Math.min(target, published.cpuRatio) };
  });
}

/**
 * Compares the least processor time of any round, which other work on the machine can make longer only.
 *
 * @param {Pick<Row, 'rounds'>} row
 * @param {Pick<Row, 'rounds'>} limit
 */
export function compareBest(row, limit) {
  return least(limit) / least(row);
}

/** @param {Pick<Row, 'rounds'>} row */
const least = ({ rounds }) => Math.min(...rounds.map(({ cpuMicroseconds }) => cpuMicroseconds));
