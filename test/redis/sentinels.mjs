// @ts-check
import { launchServer, runCommand } from './launch.mjs';
import { waitUntil } from './wait-until.mjs';

/** @typedef {Awaited<ReturnType<typeof startSentinels>>} Sentinels */

/** What the sentinels call the master. */
const name = 'main';

/**
 * Starts sentinels that watch a master and its replicas, and waits until they know all of these and each other. They
 * replace a master that is silent for a second.
 *
 * @param {{ readonly master: import('./servers.mjs').RedisServer, readonly replicas: number, readonly count?: number }} watched
 *   how many replicas there are, and how many sentinels there shall be: by default 3
 */
export async function startSentinels({ master, replicas, count = 3 }) {
  const quorum = Math.floor(count / 2) + 1;
  const { port, password } = master.options;
  const sentinels = await Promise.all(Array.from({ length: count }, startSentinel));
  const addresses = sentinels.map((sentinel) => ({ host: '127.0.0.1', port: sentinel.port }));

  function startSentinel() {
    return launchServer({
      describe: (ownPort, data) => [
        'bind 127.0.0.1',
        `port ${ownPort}`,
        `dir ${data}`,
        `sentinel monitor ${name} 127.0.0.1 ${port} ${quorum}`,
        `sentinel down-after-milliseconds ${name} 1000`,
        `sentinel failover-timeout ${name} 3000`,
        ...(password === undefined ? [] : [`sentinel auth-pass ${name} ${JSON.stringify(password)}`]),
      ],
      words: ['--sentinel'],
      ready: /\+monitor master/,
    });
  }

  /** @param {{ readonly host: string, readonly port: number }} address @param {(string | number)[]} words */
  const ask = (address, ...words) => runCommand(address, 'SENTINEL', words);
  /** @param {string} list @param {number} length */
  const allKnow = (list, length) =>
    waitUntil(async () => {
      const lists = await Promise.all(addresses.map((address) => ask(address, list, name)));
      return lists.every((known) => Array.isArray(known) && known.length === length);
    });

  // They look every ten seconds otherwise. How often they ping is left alone: it is how long they believe what they saw.
  const periods = ['info-period', 'publish-period', 'ask-period'].flatMap((period) => [period, 100]);
  await Promise.all(addresses.map((address) => ask(address, 'DEBUG', ...periods)));
  await Promise.all([allKnow('SENTINELS', count - 1), allKnow('REPLICAS', replicas)]);

  const stop = async () => {
    await Promise.all(sentinels.map((sentinel) => sentinel.stop()));
  };
  return {
    /** For ioredis. */
    options: { sentinels: addresses, name, ...(password !== undefined && { password }) },
    /** The port of the master that the first sentinel knows. */
    async findMaster() {
      const [address] = addresses;
      const [, masterPort] = /** @type {[string, string]} */ (
        await ask(/** @type {never} */ (address), 'GET-MASTER-ADDR-BY-NAME', name)
      );
      return Number(masterPort);
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
