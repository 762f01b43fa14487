import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packages } from '../repository.ts';
import { packPackages, type Tarball } from './pack.ts';
import { run } from './run.ts';

let destination: string;
let tarballs: readonly Tarball[];

beforeAll(async () => {
  destination = await mkdtemp(join(tmpdir(), 'gatehouse-publint-'));
  tarballs = await packPackages(destination);
}, 120_000);

afterAll(() => rm(destination, { recursive: true, force: true }));

function findTarball(name: string): string {
  return tarballs.find((tarball) => tarball.name === name)?.filename ?? `no tarball of ${name}`;
}

test.each(packages)('publint has nothing to say about $name', async ({ name }) => {
  const { buffer } = new Uint8Array(await readFile(findTarball(name)));
  const { messages, pkg } = await publint({ pack: { tarball: buffer }, strict: true });
  expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([]);
});

const require = createRequire(import.meta.url);
const attw = join(dirname(require.resolve('@arethetypeswrong/cli/package.json')), 'dist/index.js');

// CommonJS reaches the packages by require(esm), which this tool calls a problem; tarballs.test.ts proves that it works.
test.each(packages)('the types of $name are those of the ECMAScript modules beside them', async ({ name }) => {
  const args = [attw, findTarball(name), '--profile', 'esm-only', '--no-emoji'];
  const { exitCode, stdout, stderr } = await run(process.execPath, args, destination);
  expect(exitCode, stdout + stderr).toBe(0);
});
