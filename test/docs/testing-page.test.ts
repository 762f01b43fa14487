import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { transformWithOxc } from 'vite';
import { afterAll } from 'vitest';
import { readText, root } from '../repository.ts';

/**
 * Runs the page of the testing package: its blocks, one after another, are a test file that a user could have written.
 * Whatever they test is tested here, under the titles that the page gives.
 */
const cache = join(root, 'test/node_modules/.cache');
await mkdir(cache, { recursive: true });
const directory = await mkdtemp(join(cache, 'testing-page-'));
afterAll(() => rm(directory, { recursive: true, force: true }));

const page = readText('packages/testing/README.md');
const blocks = [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code]) => code);
const { code } = await transformWithOxc(blocks.join('\n'), 'page.ts');
const file = join(directory, 'page.mjs');
await writeFile(file, code);
await import(/* @vite-ignore */ file);
