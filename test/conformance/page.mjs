// @ts-check
import { findSpecification, states } from './manifest.mjs';

/** @import { Manifest, Row, Section, Specification } from './manifest.mjs' */
/** @import { Test } from './titles.mjs' */

/** @typedef {{ readonly [State in (typeof states)[number]]: number }} Counts */

const names = { proven: 'proven', 'not-yet': 'not yet', 'not-ours': 'not ours' };
const provenance = { read: 'read', quoted: 'quoted', memory: 'from memory' };

const introduction = `# Conformance

<!-- Written by \`npm run conformance\` from test/conformance and the titles of the tests. Do not edit. -->

What the standards demand of an API that takes OAuth access tokens, row by row, and what becomes of each row here:

- **proven**: the tests that are named demonstrate it, on every run of \`npm test\`; for a row that concerns clients as well, on the side of the resource server. Each of these tests has the id of the row in its title.
- **not yet**: it is not there, or not in full; the reason says what it comes with.
- **not ours**: we decided against it, or have no part in it; the reason says why.

The requirements are in our words; the clause is what counts. *Derived* means that the clause has no MUST or SHOULD for it: it follows from the text, or hardens what the text leaves open. *For* says who has to do it: the resource server (RS), the client on the agent's side (C), the receiver of security events (RX), whoever deploys it (CFG), or the authorization server (AS).
`;

/**
 * The page, as a file.
 *
 * @param {Manifest} manifest whose rows have states
 * @param {readonly Test[]} tests
 * @returns {string}
 */
export function renderPage({ specifications, sections }, tests) {
  const rows = sections.flatMap((section) => section.rows);
  return [
    introduction,
    '## By section\n',
    renderTable(
      ['Section', ...countHeadings],
      sections.map(({ title, rows: own }) => [`[${title}](#${anchor(title)})`, ...countCells(own)]),
      ['All', ...countCells(rows)],
    ),
    '## By specification\n',
    'A row counts for each specification that it cites. The last column says how the clauses that we cite were compared with the text: *read* in it, *quoted* by others, or *from memory*, which may be wrong.\n',
    renderTable(
      ['Specification', ...countHeadings, 'Clauses'],
      [
        ...specifications.map((specification) => [
          `[${specification.id}](${specification.url}): ${specification.title}`,
          ...countCells(rows.filter((row) => cites(row, specification, specifications))),
          describeProvenance(specification),
        ]),
        ['None: rules of our own', ...countCells(rows.filter(({ clauses }) => clauses.length === 0)), ''],
      ],
    ),
    ...sections.map((section) => renderSection(section, specifications, tests)),
  ].join('\n');
}

/**
 * The line of the README.
 *
 * @param {Manifest} manifest
 */
export function renderSummary({ specifications, sections }) {
  const rows = sections.flatMap((section) => section.rows);
  const { proven, 'not-yet': notYet, 'not-ours': notOurs } = count(rows);
  return `Of ${rows.length} requirements of ${specifications.length} specifications, ${proven} are proven by tests, ${notYet} are not there yet, and ${notOurs} are not ours.`;
}

const summary = /(?<=<!-- conformance -->\n).*(?=\n<!-- \/conformance -->)/;

/**
 * A page with the line between its marks replaced.
 *
 * @param {string} page
 * @param {string} line
 * @throws {Error} where the marks are missing
 */
export function replaceSummary(page, line) {
  if (!summary.test(page))
    throw new Error('The page has no line between <!-- conformance --> and <!-- /conformance -->.');
  return page.replace(summary, () => line);
}

const countHeadings = ['Proven', 'Not yet', 'Not ours', 'Rows'];

/** @param {readonly Row[]} rows */
function countCells(rows) {
  const counts = count(rows);
  return [...states.map((state) => String(counts[state])), String(rows.length)];
}

/**
 * @param {readonly Row[]} rows
 * @returns {Counts}
 */
function count(rows) {
  const of = (/** @type {Row['state']} */ wanted) => rows.filter(({ state }) => state === wanted).length;
  return { proven: of('proven'), 'not-yet': of('not-yet'), 'not-ours': of('not-ours') };
}

/**
 * @param {Row} row
 * @param {Specification} specification
 * @param {readonly Specification[]} specifications
 */
function cites({ clauses }, specification, specifications) {
  return clauses.some((clause) => findSpecification(clause, specifications) === specification);
}

/** @param {Specification} specification */
function describeProvenance({ checked, against }) {
  return against === undefined ? provenance[checked] : `${provenance[checked]}: ${against}`;
}

/**
 * @param {Section} section
 * @param {readonly Specification[]} specifications
 * @param {readonly Test[]} tests
 */
function renderSection({ title, rows }, specifications, tests) {
  const cells = rows.map((row) => [
    row.id,
    row.level === 'DERIVED' ? 'derived' : row.level,
    row.parties.join(', '),
    row.requirement,
    row.clauses.map((clause) => renderClause(clause, specifications)).join('; '),
    renderState(row, tests),
  ]);
  return `## ${title}\n\n${renderTable(['Row', 'Level', 'For', 'Requirement', 'Clauses', 'State'], cells)}`;
}

/**
 * A clause, with a word where it was not read.
 *
 * @param {string} clause
 * @param {readonly Specification[]} specifications
 */
function renderClause(clause, specifications) {
  const { checked = 'memory' } = findSpecification(clause, specifications) ?? {};
  return checked === 'read' ? clause : `${clause} (${provenance[checked]})`;
}

/**
 * @param {Row} row
 * @param {readonly Test[]} tests
 */
function renderState({ id, state = 'not-yet', reason }, tests) {
  if (reason !== undefined) return `**${names[state]}**: ${reason}`;
  const files = new Set(tests.filter(({ ids }) => ids.includes(id)).map(({ file }) => file));
  return `**${names[state]}**: ${[...files].map((file) => `[${shorten(file)}](../${file})`).join(', ')}`;
}

/**
 * `core/http/credentials` of `packages/core/src/http/credentials.test.ts`.
 *
 * @param {string} file
 */
function shorten(file) {
  return file.replace(/^packages\/([^/]+)\/src\//, '$1/').replace(/\.test\.ts$/, '');
}

/** @param {string} heading */
function anchor(heading) {
  return heading.toLowerCase().replaceAll(' ', '-');
}

/**
 * @param {readonly string[]} headings
 * @param {readonly (readonly string[])[]} rows
 * @param {readonly string[]} [total]
 */
function renderTable(headings, rows, total) {
  const last = total === undefined ? [] : [total.map((cell) => `**${cell}**`)];
  const lines = [headings, headings.map(() => '---'), ...rows, ...last];
  return `${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`;
}
