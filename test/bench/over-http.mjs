import { fork } from 'node:child_process';
import { once } from 'node:events';
import autocannon from 'autocannon';
import { fieldsFor, fieldsWithProof, resource, scope } from './fixtures.mjs';
import { alternate, percentile, toMicroseconds } from './measure.mjs';

/**
 * @typedef {object} HttpCase
 * @property {string} name
 * @property {string} app one of server.mjs; rows that name the same one share its process
 * @property {number} [status] what every answer must be. Default 200
 * @property {boolean} [anonymous] whether to leave the token out
 */

/** @type {readonly HttpCase[]} */
export const bearerCases = [
  { name: 'bare route', app: 'express-bare' },
  { name: 'requireAgent', app: 'express-guarded' },
  { name: 'requireAgent, no token: 401', app: 'express-guarded', status: 401, anonymous: true },
];

/** @type {readonly HttpCase[]} */
export const dpopCases = [
  { name: 'bare route', app: 'express-bare' },
  { name: 'requireAgent', app: 'express-guarded' },
  { name: 'express-oauth2-jwt-bearer', app: 'express-auth0' },
];

const connections = 64;

/** @typedef {(subject: HttpCase) => Readonly<Record<string, unknown>>} Load what autocannon is told, anew for every sample */

/**
 * One request again and again, for some time.
 *
 * @param {import('./fixtures.mjs').Fixture} fixture
 * @param {number} seconds
 * @returns {Load}
 */
export function repeatRequest({ token }, seconds) {
  return ({ anonymous = false }) => ({
    headers: fieldsFor(anonymous ? undefined : token),
    duration: seconds,
    sampleInt: 20, // how often it looks whether the time is over
  });
}

/**
 * Requests that have a proof of their own. In each round, all rows are sent the same ones.
 *
 * @param {import('./fixtures.mjs').Fixture} fixture
 * @param {number} perConnection how many
 * @returns {Load}
 */
export function sendProofs({ boundToken, prove }, perConnection) {
  /** @typedef {{ readonly headers: Record<string, string> }} ProvenRequest */
  /** @type {ProvenRequest[][][]} */
  const rounds = [];
  /** @type {Map<HttpCase, number>} */
  const roundOf = new Map();

  /** @template Item @param {number} length @param {() => Item} create */
  const fill = (length, create) => Array.from({ length }, create);

  return (subject) => {
    const round = roundOf.get(subject) ?? 0;
    roundOf.set(subject, round + 1);
    rounds[round] ??= fill(connections, () =>
      fill(perConnection, () => ({ headers: fieldsWithProof(boundToken, prove()) })),
    );
    const lists = rounds[round].values();
    return {
      amount: connections * perConnection,
      /** @param {{ setRequests(requests: ProvenRequest[]): void }} client */
      setupClient(client) {
        client.setRequests(structuredClone(lists.next().value ?? [])); // it writes into them
      },
    };
  };
}

/**
 * @param {readonly HttpCase[]} cases the first one is what the others are compared with
 * @param {import('./fixtures.mjs').Fixture} fixture
 * @param {{ readonly rounds: number, readonly load: Load }} effort
 */
export async function measureOverHttp(cases, { issuer }, { rounds, load }) {
  const settings = { resource, issuer: issuer.issuer, jwksUri: issuer.jwksUri, scope };
  /** @type {Map<string, Server>} */
  const servers = new Map();

  /** @param {HttpCase} subject */
  function sampleCase(subject) {
    const server = /** @type {Server} */ (servers.get(subject.app));
    return sample(server, subject.status ?? 200, load(subject));
  }

  try {
    for (const { app } of cases) {
      if (!servers.has(app)) servers.set(app, await startServer(app, settings));
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

/** @param {Server} server @param {number} status what every answer must be @param {ReturnType<Load>} load */
async function sample(server, status, load) {
  const cpuBefore = await server.cpu();
  const { latencies, milliseconds, result } = await fire({ url: server.url, connections, ...load });
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
