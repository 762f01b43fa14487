import { writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { createBearerCases } from './bearer.mjs';
import { createCertificateCases } from './certificates.mjs';
import { createDpopCases } from './dpop.mjs';
import { createFixture } from './fixtures.mjs';
import { measureInProcess } from './in-process.mjs';
import { createIntrospectionCases } from './introspection.mjs';
import { bearerCases, dpopCases, measureOverHttp, repeatRequest, sendProofs } from './over-http.mjs';
import { compareStores, measureBytes, measureLatency, measureThroughput } from './redis.mjs';
import { createRevocationCases } from './revocations.mjs';
import {
  bytesColumns,
  formatTable,
  inProcessColumns,
  latencyColumns,
  overHttpColumns,
  throughputColumns,
} from './table.mjs';

/** `seconds` are of all rows in process and of one sample over HTTP; `proofs` of a connection in one sample. */
const efforts = {
  quick: {
    inProcess: { rounds: 7, seconds: 6 },
    overHttp: { rounds: 5, seconds: 0.6, proofs: 32 },
    redis: { rounds: 3, seconds: 0.5, counts: [10_000, 100_000] },
  },
  full: {
    inProcess: { rounds: 21, seconds: 40 },
    overHttp: { rounds: 15, seconds: 1.8, proofs: 64 },
    redis: { rounds: 9, seconds: 2, counts: [10_000, 100_000, 1_000_000] },
  },
};

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false }, json: { type: 'string' } } });
const effort = values.quick ? efforts.quick : efforts.full;

const machine = {
  node: process.versions.node,
  openssl: process.versions.openssl,
  cores: availableParallelism(),
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  loadBefore: loadavg()[0] ?? 0,
};
console.log(`Node ${machine.node}, OpenSSL ${machine.openssl}`);
console.log(`${machine.cores} cores, ${machine.cpu}`);
console.log(`Load average before the start: ${machine.loadBefore.toFixed(1)}. Compare ratios, never absolute numbers.`);

const fixture = await createFixture();
const introspection = await createIntrospectionCases(fixture);
try {
  const { inProcess, overHttp, redis } = effort;
  const { rounds, seconds, proofs } = overHttp;
  const tables = [
    await table('In process, one at a time', inProcessColumns, async () =>
      measureInProcess(await createBearerCases(fixture), inProcess),
    ),
    await table('In process, DPoP', inProcessColumns, async () =>
      measureInProcess(await createDpopCases(fixture), inProcess),
    ),
    await table('In process, certificates', inProcessColumns, async () => {
      const { cases, close } = await createCertificateCases(fixture);
      const rows = await measureInProcess(cases, inProcess);
      close();
      return rows;
    }),
    await table('In process, opaque tokens', inProcessColumns, () => measureInProcess(introspection.cases, inProcess)),
    await table('In process, revocation', inProcessColumns, async () =>
      measureInProcess(await createRevocationCases(fixture), inProcess),
    ),
    await table('HTTP, Express 5', overHttpColumns, () =>
      measureOverHttp(bearerCases, fixture, { rounds, load: repeatRequest(fixture, seconds) }),
    ),
    await table('HTTP, Express 5, DPoP', overHttpColumns, () =>
      measureOverHttp(dpopCases, fixture, { rounds, load: sendProofs(fixture, proofs) }),
    ),
    await table('DPoP, 64 at once, used proofs', inProcessColumns, () => compareStores(fixture, inProcess)),
    await table('Redis, at a rate', latencyColumns, () => measureLatency(redis)),
    await table('Redis, without pause', throughputColumns, () => measureThroughput(redis)),
    await table('Redis, memory', bytesColumns, () => measureBytes(redis.counts)),
  ];
  if (values.json !== undefined) {
    await writeFile(values.json, `${JSON.stringify({ machine, tables }, undefined, 2)}\n`);
  }
} finally {
  introspection.close();
  await fixture.close();
}

/**
 * Measures, and prints at once: what is known is not lost when a later row fails.
 *
 * @param {string} title
 * @param {readonly import('./table.mjs').Column[]} columns
 * @param {() => Promise<readonly import('./measure.mjs').Row[]>} measure
 */
async function table(title, columns, measure) {
  const rows = await measure();
  console.log(`\n${formatTable(title, columns, rows)}`);
  return { title, rows };
}
