import { cores, startChild } from '../child.mjs';
import { alternate, toMicroseconds } from '../measure.mjs';

/** @typedef {import('./cases.mjs').HttpCase} HttpCase */
/** @typedef {import('../fixtures.mjs').Fixture} Fixture */
/** @typedef {import('../child.mjs').Child} Child */

const connections = 64;

/**
 * Called before each sample: what is sent in it. One request is repeated, of many each is sent once. `undefined`: the same
 * as in the sample before.
 *
 * @typedef {(subject: HttpCase) => readonly string[] | undefined} NextRequests
 */

/**
 * @typedef {object} Effort
 * @property {number} rounds
 * @property {number} seconds of one sample
 * @property {{ readonly seconds: number, readonly most: number }} warmUp requests before the first sample of a row, until the code of its server is compiled; what ends first, ends it
 * @property {'one' | 'all'} cores that a server may use. With one, the load has the others
 */

/**
 * @param {import('./cases.mjs').Framework} framework
 * @param {readonly HttpCase[]} cases the first one is what the others are compared with
 * @param {Fixture} fixture
 * @param {(fixture: Fixture, effort: Effort) => NextRequests} createRequests
 * @param {Effort} effort
 */
export async function measureOverHttp(framework, cases, fixture, createRequests, effort) {
  const nextRequests = createRequests(fixture, effort);
  const [forServer, forLoad] = effort.cores === 'one' ? [cores.one, cores.rest] : [];
  const load = await startChild(new URL('./load.mjs', import.meta.url), [], forLoad);
  /** @type {Map<string, Child>} */
  const servers = new Map();

  /** @param {HttpCase} subject @param {{ readonly seconds: number, readonly most: number }} length what ends first, ends it */
  async function send(subject, length) {
    const server = /** @type {Child} */ (servers.get(subject.app));
    const requests = nextRequests(subject);
    if (requests !== undefined) await load.ask({ say: 'prepare', requests });
    const { port } = /** @type {import('node:net').AddressInfo} */ (server.hello);
    await load.ask({ say: 'connect', port, connections });
    const cpu = async () => toMicroseconds(/** @type {NodeJS.CpuUsage} */ (await server.ask('cpu')));
    const before = await cpu();
    const order = { say: 'run', ...length, status: subject.status ?? 200 };
    const answer = /** @type {import('./load.mjs').Load} */ (await load.ask(order));
    const microseconds = (await cpu()) - before;
    const { count, milliseconds, ...rest } = answer;
    return {
      perSecond: (count * 1000) / milliseconds,
      cpuMicroseconds: microseconds / count,
      // 1: all of one core. Where it is less, the load or other work on the machine was the limit.
      busy: microseconds / (milliseconds * 1000),
      ...rest,
    };
  }

  try {
    const settings = JSON.stringify(fixture.settings);
    const apps = new Set(cases.map(({ app }) => app));
    await Promise.all(
      [...apps].map(async (app) => {
        const file = new URL('./server.mjs', import.meta.url);
        servers.set(app, await startChild(file, [framework, app, settings], forServer));
      }),
    );
    for (const subject of cases) await send(subject, effort.warmUp);
    const sample = { seconds: effort.seconds, most: Number.MAX_SAFE_INTEGER };
    return await alternate(cases, effort.rounds, (subject) => send(subject, sample));
  } finally {
    load.stop();
    for (const server of servers.values()) server.stop();
  }
}
