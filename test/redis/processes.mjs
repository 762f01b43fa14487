// @ts-check
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** @typedef {Awaited<ReturnType<typeof startProcess>>} RedisProcess a `redis-server` that is ready */

/** A `redis-server` that ended instead of getting ready. */
export class StartError extends Error {
  /** @param {readonly string[]} log */
  constructor(log) {
    super(`redis-server ended before it was ready:\n${log.join('\n')}`);
    this.isPortTaken = log.some((line) => /address already in use/i.test(line));
  }
}

/**
 * Starts `redis-server` of the PATH, and waits until its log has a line like `ready`.
 *
 * @param {readonly string[]} words of the command line
 * @param {RegExp} ready
 * @throws {StartError}
 */
export async function startProcess(words, ready) {
  const child = spawn('redis-server', words, { stdio: ['ignore', 'pipe', 'pipe'] });
  try {
    await once(child, 'spawn');
  } catch (cause) {
    throw new Error('There is no redis-server on the PATH: CONTRIBUTING.md says how to get one.', { cause });
  }
  const ended = once(child, 'exit');
  tellReaper(`start ${child.pid}`);
  void ended.then(() => tellReaper(`end ${child.pid}`));

  /** @type {string[]} */
  const log = [];
  const isReady = new Promise((resolve) => {
    for (const input of [child.stdout, child.stderr]) {
      createInterface({ input }).on('line', (line) => {
        if (ready.test(line)) resolve(true);
        if (log.push(line) > 30) log.shift();
      });
    }
  });
  const hasEnded = once(child, 'close').then(() => false);
  if (!(await Promise.race([isReady, hasEnded]))) throw new StartError(log);

  return {
    /** @param {NodeJS.Signals} signal */
    signal(signal) {
      child.kill(signal);
    },
    /** Sends a signal that ends it, and waits for the end. @param {NodeJS.Signals} signal */
    async end(signal) {
      child.kill(signal);
      await ended;
    },
  };
}

/** A new directory, which is removed with this process at the latest. */
export function makeDirectory() {
  return mkdtemp(join(findReaper().directory, 'redis-'));
}

/** @param {string} line */
function tellReaper(line) {
  findReaper().input.write(`${line}\n`);
}

/** @type {{ readonly directory: string, readonly input: import('node:stream').Writable } | undefined} */
let reaper;

/** Who cleans up after this process, also when a signal ends it that no process can notice. */
function findReaper() {
  if (reaper !== undefined) return reaper;
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-redis-'));
  const program = fileURLToPath(new URL('reaper.mjs', import.meta.url));
  // Detached: Ctrl+C is for the parent.
  const child = spawn(process.execPath, [program, directory], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  child.unref();
  const input = /** @type {import('node:net').Socket} */ (child.stdin);
  input.unref();
  reaper = { directory, input };
  return reaper;
}
