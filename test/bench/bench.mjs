import { writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { createBearerCases } from './bearer.mjs';
import { createCertificateCases } from './certificates.mjs';
import { canPin } from './child.mjs';
import { measureCores } from './cores.mjs';
import { createDpopCases } from './dpop.mjs';
import { createFixture } from './fixtures.mjs';
import { bearerCases, dpopCases, twoCoresCases } from './http/cases.mjs';
import { measureOverHttp } from './http/measure.mjs';
import { repeatToken, sendProofs } from './http/requests.mjs';
import { measureInProcess } from './in-process.mjs';
import { createIntrospectionCases } from './introspection.mjs';
import { describeMachine, readVersions, round } from './page/figures.mjs';
import { formatMeasured, verdictOf } from './page/page.mjs';
import { writeFigures } from './page/write.mjs';
import { compareStores, measureBytes, measureLatency, measureThroughput } from './redis.mjs';
import { createRevocationCases } from './revocations.mjs';
import { formatTable } from './table.mjs';
import { judge } from './targets.mjs';

/** @typedef {import('./measure.mjs').Row} Row */
/** @typedef {keyof typeof import('./table.mjs').columns} Kind */

/** `seconds` are of all rows of a table in process, and of one sample elsewhere. */
const efforts = {
  quick: {
    inProcess: { rounds: 5, seconds: 3 },
    http: { rounds: 5, seconds: 0.25 },
    redis: { rounds: 3, seconds: 0.5, counts: [10_000, 100_000] },
  },
  full: {
    inProcess: { rounds: 21, seconds: 24 },
    http: { rounds: 15, seconds: 0.5 },
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
const { inProcess, http, redis } = values.quick ? efforts.quick : efforts.full;
const oneCore = { ...http, cores: /** @type {const} */ ('one') };
const allCores = { ...http, cores: /** @type {const} */ ('all') };

const machine = describeMachine();
console.log(
  `Node ${machine.node}, OpenSSL ${machine.openssl}, ${machine.system}, ${machine.cores} cores, ${machine.cpu}`,
);
const versions = readVersions();
console.log(
  Object.entries(versions)
    .map((entry) => entry.join(' '))
    .join(', '),
);
console.log(`Load average before the start: ${loadavg()[0]?.toFixed(1)}. Compare ratios, never absolute numbers.`);
if (!canPin)
  console.log('There is one core, or no taskset: what compares cores is left out, and servers use what there is.');

/** @type {(import('./page/figures.mjs').Table & { readonly rows: readonly Row[] })[]} */
const tables = [];
const start = performance.now();
const fixture = await createFixture();
try {
  await table('bearer', 'In process, bearer', 'inProcess', async () =>
    measureInProcess(await createBearerCases(fixture), inProcess),
  );
  await table('dpop', 'In process, DPoP', 'inProcess', async () =>
    measureInProcess(await createDpopCases(fixture), inProcess),
  );
  if (canPin) await table('cores', 'In process, DPoP, cores', 'inProcess', () => measureCores(inProcess));
  await table('certificates', 'In process, certificates', 'inProcess', async () => {
    const { cases, close } = await createCertificateCases(fixture);
    return measureInProcess(cases, inProcess).finally(close);
  });
  await table('opaque', 'In process, opaque tokens', 'inProcess', async () => {
    const { cases, close } = await createIntrospectionCases(fixture);
    return measureInProcess(cases, inProcess).finally(close);
  });
  await table('revocation', 'In process, revocation', 'inProcess', async () =>
    measureInProcess(await createRevocationCases(fixture), inProcess),
  );
  for (const [framework, title] of /** @type {const} */ ([
    ['express', 'Express 5'],
    ['fastify', 'Fastify 5'],
    ['koa', 'Koa 3'],
  ])) {
    await table(`${framework}-bearer`, `${title}, bearer`, 'http', () =>
      measureOverHttp(framework, bearerCases[framework], fixture, repeatToken, oneCore),
    );
    await table(`${framework}-dpop`, `${title}, DPoP`, 'http', () =>
      measureOverHttp(framework, dpopCases[framework], fixture, sendProofs, oneCore),
    );
  }
  if (canPin) {
    await table('express-dpop-cores', 'Express 5, DPoP, all cores', 'http', () =>
      measureOverHttp('express', twoCoresCases, fixture, sendProofs, allCores),
    );
  }
  await table('stores', 'In process, DPoP, used proofs, 64 at once', 'inProcess', () =>
    compareStores(fixture, inProcess),
  );
  await table('latency', 'Redis, at a rate', 'latency', () => measureLatency(redis));
  await table('throughput', 'Redis, without pause', 'throughput', () => measureThroughput(redis));
  await table('bytes', 'Redis, memory', 'bytes', () => measureBytes(redis.counts));

  const targets = judge(Object.fromEntries(tables.map(({ id, rows }) => [id, rows])));
  console.log(`\nTargets, by processor time where the clock is not named\n${'─'.repeat(55)}`);
  for (const result of targets) {
    console.log(`${result.path}: ${formatMeasured(result)} (${result.target}): ${verdictOf(result)}`);
  }
  console.log(`\nTook ${Math.round((performance.now() - start) / 1000)} seconds.`);
  const command = `npm run bench --${values.quick ? ' --quick' : ''} --write`;
  const run = { date: new Date().toISOString().slice(0, 10), command, machine, versions, tables, targets };
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(run, undefined, 2)}\n`);
  if (values.write) writeFigures(round(run));
} finally {
  await fixture.close();
}

/**
 * Measures, and prints at once: what is known is not lost when a later row fails.
 *
 * @param {string} id
 * @param {string} title
 * @param {Kind} kind
 * @param {() => Promise<readonly Row[]>} measure
 */
async function table(id, title, kind, measure) {
  if (!id.includes(values.only)) return;
  const rows = await measure();
  tables.push({ id, title, kind, rows });
  console.log(`\n${formatTable(title, kind, rows)}`);
}
