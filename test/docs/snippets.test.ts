import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '../packaging/run.ts';
import { listFiles, packages, root } from '../repository.ts';
import { listSnippets } from './snippets.ts';

const pages = [
  'README.md',
  'docs/behind-a-proxy.md',
  'docs/opaque-tokens.md',
  ...packages.flatMap(({ directory }) => [
    `${directory}/README.md`,
    ...listFiles(`${directory}/docs`).map((file) => `${directory}/docs/${file}`),
  ]),
].filter((page) => page.endsWith('.md') && existsSync(join(root, page)));
const snippets = pages.flatMap((page) => listSnippets(page));

/** Below `test`, so that imports find what its package.json names; nothing else looks there. */
const cache = join(root, 'test/node_modules/.cache');
const compilerOptions = {
  module: 'NodeNext',
  moduleDetection: 'force',
  types: ['node'],
  allowJs: true,
  checkJs: true,
  strict: true,
  exactOptionalPropertyTypes: true,
  // The declarations of our packages are checked by tarballs.test.ts.
  skipLibCheck: true,
  noEmit: true,
};
let directory: string;
let problems: readonly { readonly page: string | undefined; readonly text: string }[];

beforeAll(async () => {
  await mkdir(cache, { recursive: true });
  directory = await mkdtemp(join(cache, 'snippets-'));
  problems = await compile();
}, 120_000);

afterAll(() => rm(directory, { recursive: true, force: true }));

/** Compiles all blocks at once, against the packages as they are built, as a user would. */
async function compile(): Promise<typeof problems> {
  const pageOf = new Map<string, string>();
  for (const [index, { page, language, code }] of snippets.entries()) {
    const file = `snippet-${index}.${/^[mc]?t/.test(language) ? 'mts' : 'mjs'}`;
    pageOf.set(file, page);
    await writeFile(join(directory, file), code);
  }
  await writeFile(join(directory, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [...pageOf.keys()] }));
  const tsc = join(root, 'node_modules/.bin/tsc');
  const { exitCode, stdout, stderr } = await run(tsc, ['--project', '.', '--pretty', 'false'], directory);
  const messages = stdout.split(/\n(?!\s)/).filter((message) => message.trim() !== '');
  if (exitCode !== 0 && messages.length === 0) messages.push(`tsc ended with ${exitCode}: ${stderr}`);
  return messages.map((message) => {
    const [, file = '', line, text] = /^(\S+)\((\d+),\d+\): error ([\s\S]*)$/.exec(message) ?? [];
    const page = pageOf.get(file);
    return { page, text: page === undefined ? message : `${page}:${line}: ${text}` };
  });
}

const remedy = `Declare what a block leaves out in a comment directly above it, which readers do not see:
  <!-- given: declare const db: { isOwner(id: string, sub: string): Promise<boolean> } -->
  <!-- given: import { test } from 'vitest' -->
  <!-- given: the first block -->   (the block that opens the page, for one that continues it)
`;

test.each(pages)('every block of code in %s compiles', (page) => {
  const found = problems.filter((problem) => problem.page === page).map(({ text }) => text);
  expect([...new Set(found)], remedy).toEqual([]);
});

test('the compiler complains of nothing but blocks', () => {
  expect(problems.filter(({ page }) => page === undefined)).toEqual([]);
});

test('no block is left unchecked', () => {
  const unchecked = snippets
    .filter(({ mark }) => mark !== '')
    .map(({ page, line, mark }) => `${page}:${line}: ${mark}`);
  expect(unchecked).toEqual([]);
});
