import { fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';

/** Runs the scenarios, each in a process of its own, so that none is measured with the memory of another. */

const scenarios = [
  'agents',
  'tokens',
  'proofs',
  'proofs-in-redis',
  'revocations',
  'revocations-in-redis',
  'floods-of-tokens',
  'floods-of-keys',
  'flood-of-jtis',
];

const { values, positionals } = parseArgs({
  options: { quick: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const chosen = scenarios.filter((name) => positionals.length === 0 || positionals.includes(name));
const unknown = positionals.filter((name) => !scenarios.includes(name));
if (unknown.length > 0)
  throw new Error(`There is no scenario ${unknown.join(', ')}. There are: ${scenarios.join(', ')}.`);

console.log(`Node ${process.versions.node}, ${availableParallelism()} cores, ${cpus()[0]?.model.trim() ?? 'unknown'}`);
console.log(`Load average before the start: ${(loadavg()[0] ?? 0).toFixed(1)}. Times are milliseconds.`);
/** @type {string[]} */
const failed = [];
for (const name of chosen) {
  const child = fork(new URL(`./scenarios/${name}.mjs`, import.meta.url), values.quick ? ['--quick'] : [], {
    execArgv: ['--expose-gc'],
    env: { ...process.env, NODE_ENV: 'production' },
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) failed.push(name);
}
console.log(failed.length === 0 ? '\nAll is as it should be.' : `\nNot as it should be: ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;
