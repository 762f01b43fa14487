// @ts-check
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { findFreePort } from './ports.mjs';
import { makeDirectory, StartError, startProcess } from './processes.mjs';

/**
 * @typedef {object} Launch
 * @property {(port: number, data: string, otherPort: number) => readonly string[]} describe the lines of its
 *   configuration, for these two free ports, with its data in this directory
 * @property {RegExp} ready what its log says when it is ready
 * @property {readonly string[]} [words] more words of the command line
 */

/**
 * @typedef {object} ConnectionOptions what ioredis needs to know
 * @property {string} host
 * @property {number} port
 * @property {string} [password]
 * @property {{ readonly ca: string }} [tls]
 */

/** @typedef {Awaited<ReturnType<typeof launchServer>>} LaunchedServer */

/**
 * Starts `redis-server` on free ports of loopback, with a directory of its own.
 *
 * @param {Launch} how
 */
export async function launchServer({ describe, ready, words = [] }) {
  const directory = await makeDirectory();
  const data = join(directory, 'data');
  let { port, otherPort, process } = await launchOnFreePorts();

  /** @param {number} onPort @param {number} onOtherPort */
  async function launch(onPort, onOtherPort) {
    await mkdir(data, { recursive: true });
    const file = join(directory, 'redis.conf');
    await writeFile(file, [...describe(onPort, data, onOtherPort), ''].join('\n'));
    return startProcess([file, ...words], ready);
  }

  async function launchOnFreePorts() {
    for (;;) {
      const ports = { port: await findFreePort(), otherPort: await findFreePort() };
      try {
        return { ...ports, process: await launch(ports.port, ports.otherPort) };
      } catch (error) {
        // Somebody else was faster.
        if (!(error instanceof StartError && error.isPortTaken)) throw error;
      }
    }
  }

  return {
    port,
    otherPort,
    /** @param {NodeJS.Signals} signal */
    signal: (signal) => process.signal(signal),
    /** Ends it by a signal. @param {NodeJS.Signals} signal */
    end: (signal) => process.end(signal),
    /** Starts it again on the same ports. @param {{ readonly keepData: boolean }} how */
    async start({ keepData }) {
      if (!keepData) await rm(data, { recursive: true, force: true });
      process = await launch(port, otherPort);
    },
    async stop() {
      await process.end('SIGKILL');
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/**
 * The answer to a command, over a connection of its own.
 *
 * @param {ConnectionOptions} options
 * @param {string} command
 * @param {readonly (string | number)[]} words
 * @returns {Promise<unknown>}
 */
export async function runCommand(options, command, words) {
  const client = new Redis({ ...options, lazyConnect: true, enableReadyCheck: false, retryStrategy: () => null });
  // What goes wrong is told by the command.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await client.call(command, ...words);
  } finally {
    client.disconnect();
  }
}
