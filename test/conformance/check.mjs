// @ts-check
import { findSpecification } from './manifest.mjs';
import { isMiswritten } from './titles.mjs';

/** @import { Manifest, Row } from './manifest.mjs' */
/** @import { Test } from './titles.mjs' */

/**
 * @typedef {object} Finding
 * @property {string} rule a sentence that holds of a good manifest
 * @property {readonly string[]} offenders each says what is wrong, where, and what to edit; none where the rule holds
 */

/**
 * @typedef {object} Entry a row, and where it stands
 * @property {Row} row
 * @property {string} file
 */

/**
 * Compares what the data files say with what the titles of the tests say.
 *
 * @param {Manifest} manifest
 * @param {readonly Test[]} tests
 * @returns {readonly Finding[]}
 */
export function checkManifest({ specifications, sections }, tests) {
  const entries = sections.flatMap(({ file, rows }) => rows.map((row) => ({ row, file })));
  const known = new Map(entries.map((entry) => [entry.row.id, entry]));
  const cited = new Set(tests.flatMap(({ ids }) => ids));
  const citations = tests.flatMap((test) => test.ids.map((id) => ({ id, test, entry: known.get(id) })));

  return [
    {
      rule: 'every row has a state',
      offenders: entries
        .filter(({ row }) => row.state === undefined)
        .map((entry) => `${place(entry)} has no state: give it "proven", "not-yet" or "not-ours"`),
    },
    {
      rule: 'every row that is not proven says why, and no other one does',
      offenders: entries.flatMap((entry) => explain(entry)),
    },
    {
      rule: 'the rows with one prefix stand in one section, numbered from 01 without a gap',
      offenders: findDisorder(entries),
    },
    {
      rule: 'every clause is of a specification that is listed, and every one that is listed is cited',
      offenders: findStrayClauses(entries, specifications),
    },
    {
      rule: 'every proven row has a test',
      offenders: entries
        .filter(({ row }) => row.state === 'proven' && !cited.has(row.id))
        .map(
          (entry) =>
            `${place(entry)} is proven, but the title of no test that runs ends with [${entry.row.id}]: add the id to the test that proves it, or change the state`,
        ),
    },
    {
      rule: 'every test cites rows that exist',
      offenders: citations
        .filter(({ entry }) => entry === undefined)
        .map(({ id, test }) => `${describe(test)} cites ${id}, which is no row: correct the id, or add the row`),
    },
    {
      rule: 'every test cites rows that are proven',
      offenders: citations.flatMap(({ test, entry }) =>
        entry === undefined || entry.row.state === 'proven' || entry.row.state === undefined
          ? []
          : [
              `${describe(test)} proves ${entry.row.id}, but ${place(entry)} is ${entry.row.state}: make it "proven" and remove its reason, or take the id out of the title`,
            ],
      ),
    },
    {
      rule: 'every citation can be read: ids in brackets at the end of a title, [JWT-20 AT-04]',
      offenders: tests
        .filter(({ title }) => isMiswritten(title))
        .map((test) => `${describe(test)}: write the ids at the end, as in [JWT-20 AT-04]`),
    },
  ];
}

/** @param {Entry} entry */
function place({ row, file }) {
  return `${file}: ${row.id}`;
}

/** @param {Test} test */
function describe({ file, title }) {
  return `${file}: "${title}"`;
}

/**
 * @param {Entry} entry
 * @returns {readonly string[]}
 */
function explain(entry) {
  const { state, reason } = entry.row;
  if (state === 'proven' && reason !== undefined) return [`${place(entry)} is proven: remove its reason`];
  const isOpen = state === 'not-yet' || state === 'not-ours';
  return isOpen && reason === undefined ? [`${place(entry)} is ${state}: add the reason`] : [];
}

/**
 * @param {readonly Entry[]} entries
 * @returns {readonly string[]}
 */
function findDisorder(entries) {
  /** @type {Map<string, { file: string, count: number }>} */
  const series = new Map();
  return entries.flatMap((entry) => {
    const [prefix = '', number] = entry.row.id.split('-');
    const { file, count } = series.get(prefix) ?? { file: entry.file, count: 0 };
    series.set(prefix, { file, count: count + 1 });
    if (file !== entry.file) return [`${place(entry)} belongs to the other rows of ${prefix} in ${file}`];
    const expected = String(count + 1).padStart(2, '0');
    return number === expected ? [] : [`${place(entry)} stands where ${prefix}-${expected} should`];
  });
}

/**
 * @param {readonly Entry[]} entries
 * @param {Manifest['specifications']} specifications
 * @returns {readonly string[]}
 */
function findStrayClauses(entries, specifications) {
  const clauses = entries.flatMap((entry) =>
    entry.row.clauses.map((clause) => ({ clause, entry, specification: findSpecification(clause, specifications) })),
  );
  const cited = new Set(clauses.map(({ specification }) => specification));
  return [
    ...clauses
      .filter(({ specification }) => specification === undefined)
      .map(({ clause, entry }) => `${place(entry)} cites "${clause}", of no specification in specifications.json`),
    ...specifications
      .filter((specification) => !cited.has(specification))
      .map(({ id }) => `specifications.json: no row cites ${id}; remove it`),
  ];
}
