// @ts-check
import { readdirSync, readFileSync } from 'node:fs';
import { parseSync, Visitor } from 'vite';

/** @import { ESTree } from 'vite' */

/**
 * @typedef {object} Test a test that runs, or a row of tests that `each` makes
 * @property {string} file relative to the repository
 * @property {string} title its own, placeholders as they are written
 * @property {readonly string[]} ids of the rows that it proves: those of its title, and of the titles around it
 */

/**
 * @typedef {object} Block a call of `describe`, `it` or `test` with a title
 * @property {boolean} isTest
 * @property {boolean} runs in every case
 * @property {string} title
 */

const groupers = ['describe', 'suite'];
const testers = ['it', 'test'];
/** What makes a test that nobody can rely on: it is left out, expected to fail, or run in some places only. */
const hesitations = ['skip', 'todo', 'fails', 'skipIf', 'runIf'];
/** Calls that give the function to which the title goes. */
const makers = ['each', 'for', 'skipIf', 'runIf'];

/** Ids stand in brackets at the end of a title: `refuses a token for another resource [AT-03 JWT-10]`. */
const citation = / \[([A-Z]{2,4}-\d{2}(?: [A-Z]{2,4}-\d{2})*)\]$/;

/**
 * The ids that a title cites.
 *
 * @param {string} title
 * @returns {readonly string[]}
 */
export function readIds(title) {
  return citation.exec(title)?.[1]?.split(' ') ?? [];
}

/**
 * True for a title that seems to cite rows in another way than we would read.
 *
 * @param {string} title
 */
export function isMiswritten(title) {
  return /\[[^\]]*\b[A-Z]{2,4}-?\d/.test(title.replace(citation, ''));
}

/**
 * The tests of a file, as far as their titles are written in place. Tests that are skipped, or that run under a condition
 * only, are none.
 *
 * @param {string} file
 * @param {string} source
 * @returns {readonly Test[]}
 */
export function listTests(file, source) {
  const { program, errors } = parseSync(file, source);
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]?.message}`);
  /** @type {Test[]} */
  const tests = [];
  /** @type {Map<ESTree.CallExpression, Block>} the blocks around the place that is visited, the outermost first */
  const around = new Map();

  new Visitor({
    CallExpression(call) {
      const block = readBlock(call);
      if (block === undefined) return;
      around.set(call, block);
      const blocks = [...around.values()];
      if (!block.isTest || !blocks.every(({ runs }) => runs)) return;
      tests.push({ file, title: block.title, ids: blocks.flatMap(({ title }) => readIds(title)) });
    },
    'CallExpression:exit'(call) {
      around.delete(call);
    },
  }).visit(program);
  return tests;
}

/**
 * @param {ESTree.CallExpression} call
 * @returns {Block | undefined}
 */
function readBlock({ callee, arguments: [first, second] }) {
  const [name = '', ...modifiers] = listNames(callee);
  const isTest = testers.includes(name);
  const isMaker = callee.type === 'MemberExpression' && makers.includes(modifiers.at(-1) ?? '');
  const title = readText(first);
  if (title === undefined || isMaker || !(isTest || groupers.includes(name))) return undefined;
  const names = [...modifiers, ...listOptions(second)];
  return { isTest, title, runs: !names.some((modifier) => hesitations.includes(modifier)) };
}

/**
 * `it`, `each` of `it.each([…])`, and so on.
 *
 * @param {ESTree.Node} callee
 * @returns {readonly string[]}
 */
function listNames(callee) {
  switch (callee.type) {
    case 'Identifier':
      return [callee.name];
    case 'MemberExpression':
      return [...listNames(callee.object), ...(callee.property.type === 'Identifier' ? [callee.property.name] : [])];
    case 'CallExpression':
      return listNames(callee.callee);
    case 'TaggedTemplateExpression':
      return listNames(callee.tag);
    default:
      return [];
  }
}

/**
 * What a title says, with an ellipsis for what is put into it.
 *
 * @param {ESTree.Node | undefined} node
 */
function readText(node) {
  if (node?.type === 'Literal') return typeof node.value === 'string' ? node.value : undefined;
  return node?.type === 'TemplateLiteral' ? node.quasis.map(({ value }) => value.cooked).join('…') : undefined;
}

/**
 * The names of the options that a test is given: `{ skip: true }`.
 *
 * @param {ESTree.Node | undefined} node
 */
function listOptions(node) {
  if (node?.type !== 'ObjectExpression') return [];
  return node.properties.flatMap((property) =>
    property.type === 'Property' && property.key.type === 'Identifier' ? [property.key.name] : [],
  );
}

const root = new URL('../../', import.meta.url);

/**
 * Every test of the repository.
 *
 * @returns {readonly Test[]}
 */
export function listAllTests() {
  const files = [...listFiles('packages'), ...listFiles('test')].filter((file) => file.endsWith('.test.ts'));
  return files.flatMap((file) => listTests(file, readFileSync(new URL(file, root), 'utf8')));
}

/**
 * The files below a directory that are ours, in an order that does not depend on the machine.
 *
 * @param {string} directory
 * @returns {readonly string[]}
 */
function listFiles(directory) {
  const entries = readdirSync(new URL(directory, root), { withFileTypes: true });
  return entries
    .filter(({ name }) => name !== 'node_modules' && name !== 'dist')
    .map((entry) => ({ path: `${directory}/${entry.name}`, isDirectory: entry.isDirectory() }))
    .sort((one, other) => (one.path < other.path ? -1 : 1))
    .flatMap(({ path, isDirectory }) => (isDirectory ? listFiles(path) : [path]));
}
