/** @typedef {import('./page/figures.mjs').Line} Line */

/**
 * A column: its head, and the text of a row's cell.
 *
 * @typedef {readonly [string, (row: Line) => string]} Column
 */

/** @param {number} value @param {number} digits */
export const format = (value, digits) =>
  value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** Of a ratio: three digits that mean something. @param {number} value */
export const formatRatio = (value) => format(value, value < 10 ? 2 : 1);

/** @param {string} head @param {string} member @param {number} digits @returns {Column} */
const medianOf = (head, member, digits) => [head, ({ median }) => format(median[member] ?? Number.NaN, digits)];

/** @type {Column} */
const ratio = ['ratio', (row) => formatRatio(row.ratio)];
/** @type {readonly Column[]} */
const cpu = [
  medianOf('CPU µs', 'cpuMicroseconds', 1),
  ['CPU ratio', (row) => formatRatio(row.cpuRatio)],
  ['lowest–highest', ({ spread }) => spread.map(formatRatio).join('–')],
];

/**
 * What the tables of each kind show.
 *
 * @satisfies {Readonly<Record<string, readonly Column[]>>}
 */
export const columns = {
  inProcess: [medianOf('µs/op', 'microseconds', 1), ratio, ...cpu],
  http: [
    medianOf('req/s', 'perSecond', 0),
    medianOf('p99 ms', 'p99', 1),
    ratio,
    ...cpu,
    medianOf('busy', 'busy', 2),
    medianOf('load µs', 'loadMicroseconds', 0),
  ],
  /** Processor time is that of Redis. */
  latency: [
    medianOf('proofs/s', 'perSecond', 0),
    medianOf('p50 ms', 'p50', 2),
    medianOf('p99 ms', 'p99', 2),
    medianOf('CPU µs', 'cpuMicroseconds', 1),
  ],
  throughput: [
    medianOf('proofs/s', 'perSecond', 0),
    ratio,
    medianOf('CPU µs', 'cpuMicroseconds', 1),
    medianOf('per s of CPU', 'perServer', 0),
  ],
  bytes: [medianOf('bytes/proof', 'bytesPerProof', 1), medianOf('MB', 'megabytes', 1)],
};

/**
 * A table for the terminal.
 *
 * @param {string} title
 * @param {keyof typeof columns} kind
 * @param {readonly Line[]} rows
 */
export function formatTable(title, kind, rows) {
  const cells = listCells(title, kind, rows);
  const widths = cells[0]?.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0))) ?? [];
  const [head = '', ...body] = cells.map((line) =>
    line
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  '),
  );
  return [head, '─'.repeat(head.length), ...body].join('\n');
}

/**
 * A table for a page.
 *
 * @param {string} title
 * @param {keyof typeof columns} kind
 * @param {readonly Line[]} rows
 */
export function formatMarkdown(title, kind, rows) {
  const [head = [], ...body] = listCells(title, kind, rows);
  const rule = head.map((_, column) => (column === 0 ? '---' : '--:'));
  return [head, rule, ...body].map((line) => `| ${line.join(' | ')} |`).join('\n');
}

/** @param {string} title @param {keyof typeof columns} kind @param {readonly Line[]} rows */
function listCells(title, kind, rows) {
  /** @type {readonly Column[]} */
  const shown = columns[kind];
  return [
    [title, ...shown.map(([head]) => head)],
    ...rows.map((row) => [row.name, ...shown.map(([, text]) => text(row))]),
  ];
}
