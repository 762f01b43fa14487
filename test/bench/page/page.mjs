import { format, formatMarkdown, formatRatio } from '../table.mjs';
import { reasons } from './reasons.mjs';

/** @typedef {import('./figures.mjs').Figures} Figures */
/** @typedef {import('../targets.mjs').Result} Result */

/** The page of a run: `docs/benchmark.md`. @param {Figures} figures */
export function renderPage(figures) {
  const { date, command, machine, versions, tables, targets } = figures;
  return `# Benchmark

<!-- Written by \`${command}\`. -->

Of ${date}: Node ${machine.node} with OpenSSL ${machine.openssl} on ${machine.system}, ${machine.cores} cores, ${machine.cpu}.

\`\`\`sh
${command}
\`\`\`

Trust the ratios, never the absolute numbers. [The page of the benchmark](../test/bench/README.md) says what each row does, what the others do not check, and how to read the columns.

![Speed of Gatehouse and of others by processor time. The tables below have every number.](benchmark.svg)

## Targets

${renderTargets(targets)}

${tables.map(({ title, kind, rows }) => `## ${title}\n\n${formatMarkdown('', kind, rows)}`).join('\n\n')}

## Versions

| package | version |
| --- | --- |
${Object.entries(versions)
  .map(([name, version]) => `| ${name} | ${version} |`)
  .join('\n')}
`;
}

/** @param {readonly Result[]} targets */
function renderTargets(targets) {
  const lines = targets.map(
    (result) => `| ${result.path} | ${result.target} | ${formatMeasured(result)} | ${verdictOf(result)} |`,
  );
  const explained = targets.flatMap(({ path, reached }) => {
    const reason = reached === false ? reasons[path] : undefined;
    return reason === undefined ? [] : [`- _${path}_: ${reason}`];
  });
  const table = ['| path | target | measured | |', '| --- | --: | --: | --- |', ...lines].join('\n');
  return explained.length === 0 ? table : `${table}\n\nWhy they are missed:\n\n${explained.join('\n')}`;
}

/** @param {Result} result */
export function formatMeasured({ measured, unit }) {
  if (measured === undefined) return '';
  return unit === '' ? formatRatio(measured) : `${format(measured, 2)}${unit}`;
}

/** @param {Result} result */
export function verdictOf({ measured, reached }) {
  if (measured === undefined) return 'not in this run';
  return reached ? 'reached' : 'missed';
}
