import { writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { canPin } from './child.mjs';
import { createFixture } from './fixtures.mjs';
import { describeMachine, readVersions, round } from './page/figures.mjs';
import { formatMeasured, verdictOf } from './page/page.mjs';
import { writeFigures } from './page/write.mjs';
import { formatTable } from './table.mjs';
import { listTables } from './tables.mjs';
import { judge } from './targets.mjs';

/** @type {Readonly<Record<'quick' | 'full', import('./tables.mjs').Effort>>} */
const efforts = {
  quick: {
    inProcess: { rounds: 5, seconds: 1.6, warmUp: { operations: 8000, seconds: 0.35 }, revocations: 100_000 },
    http: { rounds: 3, seconds: 0.12, warmUp: { seconds: 1, most: 3000 } },
    redis: { rounds: 3, seconds: 0.2, counts: [10_000, 100_000] },
  },
  full: {
    inProcess: { rounds: 21, seconds: 20, warmUp: { operations: 30_000, seconds: 4 }, revocations: 1_000_000 },
    http: { rounds: 11, seconds: 0.5, warmUp: { seconds: 6, most: 4000 } },
    redis: { rounds: 7, seconds: 1.5, counts: [10_000, 100_000, 1_000_000] },
  },
};

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    json: { type: 'string' },
    only: { type: 'string', default: '' },
  },
});
if (values.write && values.only !== '') throw new Error('What is written is a whole run: leave --only out.');

const machine = describeMachine();
const versions = readVersions();
const packages = Object.entries(versions).map((entry) => entry.join(' '));
console.log(
  `Node ${machine.node}, OpenSSL ${machine.openssl}, ${machine.system}, ${machine.cores} cores, ${machine.cpu}`,
);
console.log(packages.join(', '));
console.log(`Load average before the start: ${loadavg()[0]?.toFixed(1)}. Compare ratios, never absolute numbers.`);
if (!canPin) console.log('Without a second core and taskset, servers use what there is, and nothing compares cores.');

const start = performance.now();
const fixture = await createFixture();
try {
  const tables = [];
  for (const { measure, ...table } of listTables(fixture, values.quick ? efforts.quick : efforts.full)) {
    if (!table.id.includes(values.only)) continue;
    const rows = await measure().catch((error) => {
      // What stopped it may have been other work on the machine. Once more, and then it is a defect.
      console.log(`\n${table.title}: measured again after ${error}`);
      return measure();
    });
    tables.push({ ...table, rows });
    // At once: what is known is not lost when a later row fails.
    console.log(`\n${formatTable(table.title, table.kind, rows)}`);
  }
  const targets = judge(Object.fromEntries(tables.map(({ id, rows }) => [id, rows])));
  console.log('\nTargets, by processor time where the clock is not named');
  for (const result of targets) {
    if (result.measured === undefined && values.only !== '') continue;
    console.log(`- ${result.path}: ${formatMeasured(result)} (${result.target}): ${verdictOf(result)}`);
  }
  console.log(`\nTook ${Math.round((performance.now() - start) / 1000)} seconds.`);

  const command = `npm run bench --${values.quick ? ' --quick' : ''} --write`;
  const run = { date: new Date().toISOString().slice(0, 10), command, machine, versions, tables, targets };
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(run, undefined, 2)}\n`);
  if (values.write) writeFigures(round(run));
} finally {
  await fixture.close();
}
