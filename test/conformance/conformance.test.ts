import { describe, expect, test } from 'vitest';
import { readText } from '../repository.ts';
import { checkManifest } from './check.mjs';
import { loadManifest } from './manifest.mjs';
import { renderPage, renderSummary, replaceSummary } from './page.mjs';
import { listAllTests } from './titles.mjs';

const manifest = loadManifest();
const tests = listAllTests();

describe('in the conformance manifest', () => {
  for (const { rule, offenders } of checkManifest(manifest, tests)) {
    test(rule, () => {
      expect(offenders).toEqual([]);
    });
  }
});

test.each([
  ['docs/conformance.md', (_page: string) => renderPage(manifest, tests)],
  ['README.md', (page: string) => replaceSummary(page, renderSummary(manifest))],
] as const)('%s says what the manifest says', (file, render) => {
  const page = readText(file);
  expect(page === render(page), `${file} is stale: run npm run conformance`).toBe(true);
});

test('the manifest and the titles are not empty', () => {
  expect(manifest.sections.flatMap(({ rows }) => rows).length).toBeGreaterThan(300);
  expect(tests.filter(({ ids }) => ids.length > 0).length).toBeGreaterThan(100);
});
