/**
 * A column: its head, and the text of a row's cell.
 *
 * @typedef {readonly [string, (row: import('./measure.mjs').Row) => string]} Column
 */

/** @param {number} value @param {number} digits */
const format = (value, digits) =>
  value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** @param {string} head @param {string} member @param {number} digits @returns {Column} */
const medianOf = (head, member, digits) => [head, ({ median }) => format(median[member] ?? Number.NaN, digits)];

/** @type {Column} */
const ratio = ['ratio', (row) => format(row.ratio, 2)];
/** @type {readonly Column[]} */
const cpu = [medianOf('CPU µs', 'cpuMicroseconds', 1), ['CPU ratio', (row) => format(row.cpuRatio, 2)]];

/** @type {readonly Column[]} */
export const inProcessColumns = [
  medianOf('ops/s', 'perSecond', 0),
  medianOf('µs/op', 'microseconds', 1),
  ratio,
  ...cpu,
];

/** @type {readonly Column[]} */
export const overHttpColumns = [
  medianOf('req/s', 'perSecond', 0),
  medianOf('p50 ms', 'p50', 1),
  medianOf('p99 ms', 'p99', 1),
  ratio,
  ...cpu,
];

/** Processor time is that of Redis. @type {readonly Column[]} */
export const latencyColumns = [
  medianOf('proofs/s', 'perSecond', 0),
  medianOf('p50 ms', 'p50', 2),
  medianOf('p99 ms', 'p99', 2),
  medianOf('CPU µs', 'cpuMicroseconds', 1),
];

/** @type {readonly Column[]} */
export const throughputColumns = [
  medianOf('proofs/s', 'perSecond', 0),
  ratio,
  medianOf('CPU µs', 'cpuMicroseconds', 1),
  medianOf('per s of CPU', 'perServer', 0),
];

/** @type {readonly Column[]} */
export const bytesColumns = [medianOf('bytes/proof', 'bytesPerProof', 1), medianOf('MB', 'megabytes', 1)];

/**
 * A table of at most 80 columns, and below it how far the rounds of the first row lie apart.
 *
 * @param {string} title
 * @param {readonly Column[]} columns
 * @param {readonly import('./measure.mjs').Row[]} rows
 */
export function formatTable(title, columns, rows) {
  const cells = [
    [title, ...columns.map(([head]) => head)],
    ...rows.map((row) => [row.name, ...columns.map(([, text]) => text(row))]),
  ];
  const widths = [title, ...columns].map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  const lines = cells.map((line) =>
    line
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  '),
  );
  const speeds = rows[0]?.rounds.map(({ perSecond }) => perSecond) ?? [];
  const [slowest, fastest] = [Math.min(...speeds), Math.max(...speeds)].map((speed) => format(speed, 0));
  const [head = '', ...body] = lines;
  return [
    head,
    '─'.repeat(head.length),
    ...body,
    `First row, slowest to fastest of ${speeds.length} rounds: ${slowest} to ${fastest}`,
  ].join('\n');
}
