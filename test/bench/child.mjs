import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

/** Whether a process can be kept on some cores of several. */
export const canPin = availableParallelism() > 1 && spawnSync('taskset', ['--version']).status === 0;

/** The first core, for what is measured; the others, for what is not; the first two. */
export const cores = { one: '0', rest: `1-${availableParallelism() - 1}`, two: '0,1' };

/** @typedef {Awaited<ReturnType<typeof startChild>>} Child */

/**
 * Starts a file of the benchmark in a process of its own.
 *
 * @param {URL} file says something when it is ready, answers each message with one, and ends when it is disconnected
 * @param {readonly string[]} args
 * @param {string} [place] one of `cores`. Default: all, which it also gets where processes cannot be pinned
 */
export async function startChild(file, args, place) {
  // `taskset` becomes Node, and hands the channel on.
  const pinned = { execPath: 'taskset', execArgv: ['-c', place ?? '', process.execPath] };
  const launch = canPin && place !== undefined ? pinned : {};
  const child = fork(fileURLToPath(file), args, { ...launch, env: { ...process.env, NODE_ENV: 'production' } });
  const exit = once(child, 'exit').then(() => Promise.reject(new Error(`${file.pathname} ended by itself.`)));
  exit.catch(() => undefined);

  /** @returns {Promise<unknown>} */
  const receive = async () => (await Promise.race([once(child, 'message'), exit]))[0];

  return {
    hello: await receive(),
    /** @param {import('node:child_process').Serializable} message */
    ask(message) {
      const answer = receive();
      child.send(message);
      return answer;
    },
    stop: () => child.disconnect(),
  };
}

/**
 * The other end: answers what the parent says, one message for each, until it disconnects.
 *
 * @template Order
 * @param {(order: Order) => Promise<import('node:child_process').Serializable>} obey what it rejects with ends the process, which the parent notices
 */
export function serveParent(obey) {
  process.on('disconnect', () => process.exit());
  process.on('message', (/** @type {Order} */ order) => {
    obey(order).then(
      (answer) => process.send?.(answer),
      (/** @type {unknown} */ error) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
  process.send?.('ready');
}
