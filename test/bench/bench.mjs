import { writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { createFixture } from './fixtures.mjs';
import { measureInProcess } from './in-process.mjs';
import { expressCases, measureOverHttp } from './over-http.mjs';
import { formatTable, inProcessColumns, overHttpColumns } from './table.mjs';

const efforts = {
  quick: { inProcess: { rounds: 7, seconds: 6 }, overHttp: { rounds: 5, seconds: 12 } },
  full: { inProcess: { rounds: 21, seconds: 40 }, overHttp: { rounds: 15, seconds: 90 } },
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
try {
  const inProcess = await measureInProcess(fixture, effort.inProcess);
  console.log(`\n${formatTable('In process, one at a time', inProcessColumns, inProcess)}`);
  const express = await measureOverHttp(expressCases, fixture, effort.overHttp);
  console.log(`\n${formatTable('HTTP, Express 5', overHttpColumns, express)}`);
  if (values.json !== undefined) {
    await writeFile(values.json, `${JSON.stringify({ machine, inProcess, express }, undefined, 2)}\n`);
  }
} finally {
  await fixture.close();
}
