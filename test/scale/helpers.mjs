import { fork } from 'node:child_process';
import { once } from 'node:events';

/** @typedef {ReturnType<typeof startHelper>} Helper another process, which does what it is asked, one thing after another */

/**
 * @param {string} file beside this one
 * @param {object} settings what the process is told at its start
 */
export function startHelper(file, settings) {
  const child = fork(new URL(file, import.meta.url), [JSON.stringify(settings)], {
    execArgv: ['--expose-gc'],
    serialization: 'advanced',
  });
  const exit = once(child, 'exit').then(() => Promise.reject(new Error(`The process of ${file} ended by itself.`)));
  exit.catch(() => undefined);
  return {
    /**
     * @param {string} task
     * @param {object} [given]
     * @returns {Promise<any>}
     */
    async ask(task, given = {}) {
      child.send({ task, given });
      const [{ answer }] = await Promise.race([once(child, 'message'), exit]);
      return answer;
    },
    stop() {
      child.disconnect();
    },
  };
}

/**
 * In that process: does what is asked.
 *
 * @param {(settings: any) => Promise<Readonly<Record<string, (given: any) => unknown>>>} createTasks
 */
export async function help(createTasks) {
  const tasks = await createTasks(JSON.parse(process.argv[2] ?? '{}'));
  process.on('disconnect', () => process.exit());
  process.on('message', async (/** @type {any} */ { task, given }) => {
    process.send?.({ answer: await tasks[task]?.(given) });
  });
}
