import { formatRatio } from '../table.mjs';
import { formatMeasured } from './page.mjs';

/** @typedef {import('./figures.mjs').Figures} Figures */

/** @type {readonly { readonly table: string, readonly title: string, readonly limit: string, readonly ours: string }[]} */
const lines = [
  { table: 'dpop', title: 'DPoP', limit: 'one ES256 verification', ours: 'Gatehouse, warm, 16 at once' },
  { table: 'bearer', title: 'bearer, the same token again', limit: 'one ES256 verification', ours: 'Gatehouse, warm' },
  { table: 'express-dpop', title: 'DPoP over Express 5', limit: 'the bare route', ours: 'Gatehouse' },
  { table: 'express-bearer', title: 'bearer over Express 5', limit: 'the bare route', ours: 'Gatehouse' },
  { table: 'fastify-bearer', title: 'bearer over Fastify 5', limit: 'the bare route', ours: 'Gatehouse' },
  { table: 'koa-bearer', title: 'bearer over Koa 3', limit: 'the bare route', ours: 'Gatehouse' },
];

const between = /(<!-- benchmark -->\n).*?(<!-- \/benchmark -->)/s;

/** What the README says about a run. @param {Figures} figures */
export function renderSummary({ date, command, machine, tables, targets }) {
  const rows = lines.map(({ table, title, limit, ours }) => {
    const all = tables.find(({ id }) => id === table)?.rows ?? [];
    const own = all.find(({ name }) => name === ours);
    const others = all.slice(1).filter(({ name }) => !/^Gatehouse|^bare/.test(name));
    const [best] = others.toSorted((one, other) => other.cpuRatio - one.cpuRatio);
    const theirs = best === undefined ? '' : `${formatRatio(best.cpuRatio)}, ${best.name}`;
    return `| ${title} | ${limit} | ${formatRatio(own?.cpuRatio ?? Number.NaN)} | ${theirs} |`;
  });
  const missed = targets.filter(({ reached }) => reached === false);
  return `![Speed of Gatehouse and of others by processor time. docs/benchmark.md has every number.](docs/benchmark.svg)

| | compared with | Gatehouse | fastest of the others |
| --- | --- | --: | --- |
${rows.join('\n')}

\`${command}\`, ${date}, Node ${machine.node}, ${machine.cores} cores: [all rows, versions and targets](docs/benchmark.md), [what they do](test/bench/README.md). ${
    missed.length === 0
      ? 'Every target is reached.'
      : `Targets that are missed: ${missed.map((result) => `${result.path} (${formatMeasured(result)}, ${result.target})`).join('; ')}.`
  }`;
}

/**
 * @param {string} readme
 * @param {string} summary
 * @throws Error when the README has no place for it
 */
export function replaceSummary(readme, summary) {
  if (!between.test(readme)) throw new Error('The README has no place for the benchmark.');
  return readme.replace(between, (_all, open, close) => `${open}${summary}\n${close}`);
}
