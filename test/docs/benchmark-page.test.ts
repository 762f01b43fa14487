import { describe, expect, test } from 'vitest';
import { renderChart } from '../bench/page/chart.mjs';
import { renderPage } from '../bench/page/page.mjs';
import { renderSummary, replaceSummary } from '../bench/page/readme.mjs';
import { reasons } from '../bench/page/reasons.mjs';
import { readFigures } from '../bench/page/write.mjs';
import { targets } from '../bench/targets.mjs';
import { readText } from '../repository.ts';

const figures = readFigures();
const chart = readText('docs/benchmark.svg');

describe('the figures of the benchmark', () => {
  // `node test/bench/page/write.mjs` writes page, chart and README again, where what they say has changed.
  test('are on its page', () => {
    expect(readText('docs/benchmark.md')).toBe(renderPage(figures));
  });

  test('are on the chart', () => {
    expect(chart).toBe(renderChart(figures));
  });

  test('are in the README', () => {
    const readme = readText('README.md');
    expect(readme).toBe(replaceSummary(readme, renderSummary(figures)));
  });

  test('have an answer to every target, or say that the run has none', () => {
    expect(figures.targets.map(({ path }) => path)).toEqual(targets.map(({ path }) => path));
  });

  test('are explained for targets that there are', () => {
    const paths = targets.map(({ path }) => path);
    for (const path of Object.keys(reasons)) expect(paths).toContain(path);
  });

  test('are not taken where the README has no place for them', () => {
    expect(() => replaceSummary('# Gatehouse\n', 'fast')).toThrow('has no place');
  });
});

describe('the chart', () => {
  test('says in words what it shows', () => {
    const description = /<desc id="description">([^<]+)<\/desc>/.exec(chart)?.[1] ?? '';
    const names = [...chart.matchAll(/<text class="name[^>]*>([^<]+)</g)].map(([, name]) => name);
    expect(names.length).toBeGreaterThan(15);
    for (const name of names) expect(description).toContain(`${name}: `);
  });

  test('draws every bar inside of itself, the highest number first and longest', () => {
    const width = Number(/viewBox="0 0 (\d+) /.exec(chart)?.[1]);
    const panels = chart.split('<text class="title"').slice(1);
    expect(panels).toHaveLength(4);
    for (const panel of panels) {
      const lengths = [...panel.matchAll(/<rect [^>]*width="([\d.]+)"/g)].map(([, length]) => Number(length));
      const numbers = [...panel.matchAll(/<text class="value[^>]*>([\d.]+)</g)].map(([, number]) => Number(number));
      expect(numbers).toHaveLength(lengths.length);
      expect(290 + Math.max(...lengths)).toBeLessThan(width);
      expect(numbers).toEqual(numbers.toSorted((one, other) => other - one));
      expect(lengths).toEqual(lengths.toSorted((one, other) => other - one));
    }
  });

  test('has colours for light pages and for dark ones', () => {
    expect(chart).toContain('prefers-color-scheme: dark');
  });
});
