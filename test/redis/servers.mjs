// @ts-check
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { createServerCertificate } from './certificate.mjs';
import { findFreePort } from './ports.mjs';
import { makeDirectory, StartError, startProcess } from './processes.mjs';

/**
 * @typedef {object} RedisOptions
 * @property {string} [password] of the default user
 * @property {readonly string[]} [users] rules of more users, as `ACL SETUSER` takes them: `api on >secret ~* +@all`
 * @property {boolean} [tls] TLS alone, with a certificate that signed itself
 * @property {'none' | 'rdb' | 'aof'} [persistence] what stays on disk: nothing (default), all data when the server ends in
 *   good order, or every write
 * @property {RedisServer} [replicaOf]
 * @property {Readonly<Record<string, string>>} [config] more directives, by name
 */

/**
 * @typedef {object} ConnectionOptions what ioredis needs to know
 * @property {string} host
 * @property {number} port
 * @property {string} [password]
 * @property {{ readonly ca: string }} [tls]
 */

/** @typedef {Awaited<ReturnType<typeof startRedis>>} RedisServer */

/**
 * Starts a Redis server on a free port of loopback. It is gone, with all that it wrote, when it is stopped, and when this
 * process ends in whatever way.
 *
 * @param {RedisOptions} [options]
 */
export async function startRedis(options = {}) {
  const directory = await makeDirectory();
  const certificate = options.tls === true ? createServerCertificate() : undefined;
  let { port, process } = await startOnFreePort();

  /** @param {number} onPort */
  async function launch(onPort) {
    const data = join(directory, 'data');
    await mkdir(data, { recursive: true });
    const settings = { dir: data, ...describeSettings(options, onPort), ...(await describeTls(onPort)) };
    const file = join(directory, 'redis.conf');
    const lines = Object.entries(settings).map(([name, value]) => `${name} ${quote(value)}`);
    await writeFile(file, [...lines, ...(options.users ?? []).map((rules) => `user ${rules}`), ''].join('\n'));
    return startProcess([file], /ready to accept connections/i);
  }

  /** @param {number} onPort */
  async function describeTls(onPort) {
    if (certificate === undefined) return {};
    const [certificateFile, keyFile] = [join(directory, 'certificate.pem'), join(directory, 'key.pem')];
    await writeFile(certificateFile, certificate.certificate);
    await writeFile(keyFile, certificate.key);
    return {
      port: '0',
      'tls-port': String(onPort),
      'tls-cert-file': certificateFile,
      'tls-key-file': keyFile,
      'tls-ca-cert-file': certificateFile,
      'tls-auth-clients': 'no',
    };
  }

  async function startOnFreePort() {
    for (;;) {
      const free = await findFreePort();
      try {
        return { port: free, process: await launch(free) };
      } catch (error) {
        // Somebody else was faster.
        if (!(error instanceof StartError && error.isPortTaken)) throw error;
      }
    }
  }

  const { password } = options;
  const tls = certificate && { ca: certificate.certificate };
  const credentials = password === undefined ? '' : `:${encodeURIComponent(password)}@`;
  const server = {
    port,
    url: `${tls ? 'rediss' : 'redis'}://${credentials}127.0.0.1:${port}`,
    /** @type {ConnectionOptions} */
    options: { host: '127.0.0.1', port, ...(password !== undefined && { password }), ...(tls && { tls }) },
    /**
     * The answer to a command, over a connection of its own.
     *
     * @param {string} command
     * @param {(string | number)[]} words
     * @returns {Promise<unknown>}
     */
    run: (command, ...words) => run(server.options, command, words),
    /** Ends it without warning. */
    kill: () => process.end('SIGKILL'),
    /** Stops its time: connections stay, and nobody answers. */
    freeze: () => process.signal('SIGSTOP'),
    thaw: () => process.signal('SIGCONT'),
    /**
     * Starts it again after `kill`, on the same port.
     *
     * @param {{ readonly keepData?: boolean }} [how] by default with whatever is on disk
     */
    async start({ keepData = true } = {}) {
      if (!keepData) await rm(join(directory, 'data'), { recursive: true, force: true });
      process = await launch(port);
    },
    /** Ends it in good order and starts it again. @param {{ readonly keepData: boolean }} how */
    async restart({ keepData }) {
      await process.end('SIGTERM');
      await server.start({ keepData });
    },
    /** Ends it for good. */
    async stop() {
      await process.end('SIGKILL');
      await rm(directory, { recursive: true, force: true });
    },
    [Symbol.asyncDispose]: () => server.stop(),
  };
  return server;
}

/** @param {ConnectionOptions} options @param {string} command @param {readonly (string | number)[]} words */
async function run(options, command, words) {
  const client = new Redis({ ...options, lazyConnect: true, retryStrategy: () => null });
  // What goes wrong is told by the command.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await client.call(command, ...words);
  } finally {
    client.disconnect();
  }
}

/** @type {Readonly<Record<NonNullable<RedisOptions['persistence']>, Readonly<Record<string, string>>>>} */
const persistences = {
  none: { save: '', appendonly: 'no' },
  rdb: { save: '3600 1', appendonly: 'no' },
  aof: { save: '', appendonly: 'yes', appendfsync: 'always' },
};

/** @param {RedisOptions} options @param {number} port */
function describeSettings({ password, persistence = 'none', replicaOf, config }, port) {
  return {
    bind: '127.0.0.1',
    port: String(port),
    // A new replica need not wait for others.
    'repl-diskless-sync-delay': '0',
    ...persistences[persistence],
    ...(password !== undefined && { requirepass: password }),
    ...(replicaOf && { replicaof: `127.0.0.1 ${replicaOf.port}` }),
    ...(replicaOf?.options.password !== undefined && { masterauth: replicaOf.options.password }),
    ...config,
  };
}

/** A directive that takes several words gets them as such, any other value is one. @param {string} value */
function quote(value) {
  return /^[\w./:-]+(?: [\w./:-]+)*$/.test(value) ? value : JSON.stringify(value);
}
