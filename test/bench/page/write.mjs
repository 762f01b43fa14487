import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { renderChart } from './chart.mjs';
import { renderPage } from './page.mjs';
import { renderSummary, replaceSummary } from './readme.mjs';

/** `node test/bench/page/write.mjs`: page, chart and README again from `docs/benchmark.json`, without a run. */

const root = new URL('../../../', import.meta.url);

/** @returns {import('./figures.mjs').Figures} */
export const readFigures = () => JSON.parse(readFileSync(new URL('docs/benchmark.json', root), 'utf8'));

/** @param {import('./figures.mjs').Figures} figures */
export function writeFigures(figures) {
  writeFileSync(new URL('docs/benchmark.json', root), `${JSON.stringify(figures, undefined, 2)}\n`);
  writePages();
}

function writePages() {
  const figures = readFigures();
  const readme = new URL('README.md', root);
  writeFileSync(new URL('docs/benchmark.md', root), renderPage(figures));
  writeFileSync(new URL('docs/benchmark.svg', root), renderChart(figures));
  writeFileSync(readme, replaceSummary(readFileSync(readme, 'utf8'), renderSummary(figures)));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writePages();
