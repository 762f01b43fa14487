import { fork } from 'node:child_process';
import { once } from 'node:events';
import autocannon from 'autocannon';
import { fieldsFor, resource, scope } from './fixtures.mjs';
import { alternate, percentile, toMicroseconds } from './measure.mjs';

/**
 * @typedef {object} HttpCase
 * @property {string} name
 * @property {string} app one of server.mjs; rows that name the same one share its process
 * @property {number} [status] what every answer must be. Default 200
 * @property {boolean} [anonymous] whether to leave the token out
 */

/** @type {readonly HttpCase[]} */
export const expressCases = [
  { name: 'bare route', app: 'express-bare' },
  { name: 'requireAgent', app: 'express-guarded' },
  { name: 'requireAgent, no token: 401', app: 'express-guarded', status: 401, anonymous: true },
];

const connections = 64;

/**
 * @param {readonly HttpCase[]} cases the first one is what the others are compared with
 * @param {import('./fixtures.mjs').Fixture} fixture
 * @param {{ readonly rounds: number, readonly seconds: number }} effort seconds for all rows together
 */
export async function measureOverHttp(cases, { issuer, token }, { rounds, seconds }) {
  const slice = seconds / cases.length / (rounds + 1);
  /** @type {Map<string, Server>} */
  const servers = new Map();

  /** @param {HttpCase} subject */
  function sampleCase({ app, status = 200, anonymous = false }) {
    const server = /** @type {Server} */ (servers.get(app));
    return sample(server, { headers: fieldsFor(anonymous ? undefined : token), status, seconds: slice });
  }

  try {
    for (const { app } of cases) {
      if (!servers.has(app)) servers.set(app, await startServer(app, { resource, issuer: issuer.issuer, scope }));
    }
    await alternate(cases, 1, sampleCase); // warms up
    return await alternate(cases, rounds, sampleCase);
  } finally {
    for (const server of servers.values()) server.stop();
  }
}

/** @typedef {Awaited<ReturnType<typeof startServer>>} Server */

/** @param {string} app @param {import('./server.mjs').Settings} settings */
async function startServer(app, settings) {
  const child = fork(new URL('./server.mjs', import.meta.url), [app, JSON.stringify(settings)], {
    env: { ...process.env, NODE_ENV: 'production' },
  });
  const exit = once(child, 'exit').then(() => Promise.reject(new Error(`The server "${app}" ended by itself.`)));
  exit.catch(() => undefined);
  const nextMessage = async () => (await Promise.race([once(child, 'message'), exit]))[0];
  const { port } = await nextMessage();
  return {
    url: `http://127.0.0.1:${port}/data`,
    /** @returns {Promise<number>} microseconds of processor time so far, all threads */
    async cpu() {
      child.send('cpu');
      return toMicroseconds(await nextMessage());
    },
    stop: () => child.kill(),
  };
}

/** @param {Server} server @param {{ headers: Record<string, string>, status: number, seconds: number }} load */
async function sample(server, { headers, status, seconds }) {
  const cpuBefore = await server.cpu();
  const { latencies, milliseconds, result } = await fire({
    url: server.url,
    connections,
    headers,
    duration: seconds,
    sampleInt: 20, // how often it looks whether the time is over
  });
  const cpu = (await server.cpu()) - cpuBefore;

  const expected = result.statusCodeStats[status]?.count ?? 0;
  if (latencies.length === 0 || expected !== latencies.length || result.errors + result.timeouts > 0) {
    const { statusCodeStats, errors, timeouts } = result;
    throw new Error(`Not every answer was ${status}: ${JSON.stringify({ statusCodeStats, errors, timeouts })}`);
  }
  return {
    perSecond: (latencies.length * 1000) / milliseconds,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    cpuMicroseconds: cpu / latencies.length,
  };
}

/** @typedef {{ statusCodeStats: Record<string, { count: number }>, errors: number, timeouts: number }} LoadResult */

/**
 * Runs autocannon, whose own percentiles are whole milliseconds and whose time includes the start.
 *
 * @param {Record<string, unknown>} options
 * @returns {Promise<{ latencies: readonly number[], milliseconds: number, result: LoadResult }>} latencies in milliseconds
 */
async function fire(options) {
  /** @type {number[]} */
  const latencies = [];
  let first = 0;
  let last = 0;
  const result = await new Promise((resolve, reject) => {
    const run = autocannon(options, (error, ended) => (error ? reject(error) : resolve(ended)));
    run.on('response', (_client, _status, _bytes, latency) => {
      last = performance.now();
      if (latencies.push(latency) === 1) first = last - latency;
    });
  });
  return { latencies, milliseconds: last - first, result };
}
