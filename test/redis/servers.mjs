// @ts-check
import { writeServerCertificate } from './certificate.mjs';
import { launchServer, runCommand } from './launch.mjs';

/** @import { ConnectionOptions } from './launch.mjs' */

/**
 * @typedef {object} RedisOptions
 * @property {string} [password] of the default user
 * @property {readonly string[]} [users] rules of more users, as `ACL SETUSER` takes them: `api on >secret ~* +@all`
 * @property {boolean} [tls] TLS alone, with a certificate that signed itself
 * @property {'none' | 'rdb' | 'aof'} [persistence] what stays on disk: nothing (default), all data when the server ends in
 *   good order, or every write
 * @property {RedisServer} [replicaOf]
 * @property {boolean} [cluster] whether it is a node of a cluster, which `startCluster` makes of several
 * @property {Readonly<Record<string, string | readonly string[]>>} [config] more directives, by name: a word, or several
 */

/** @typedef {Awaited<ReturnType<typeof startRedis>>} RedisServer */

/**
 * Starts a Redis server on a free port of loopback. It is gone, with all that it wrote, when it is stopped, and when this
 * process ends in whatever way.
 *
 * @param {RedisOptions} [options]
 */
export async function startRedis(options = {}) {
  const certificate = options.tls === true ? await writeServerCertificate() : undefined;
  const launched = await launchServer({
    describe: (port, data, busPort) => [
      ...Object.entries({
        bind: '127.0.0.1',
        port,
        dir: data,
        // A new replica need not wait for others.
        'repl-diskless-sync-delay': 0,
        ...persistences[options.persistence ?? 'none'],
        ...describeReplication(options),
        ...(options.cluster === true && describeCluster(data, busPort)),
        ...(certificate && describeTls(port, certificate.file)),
        ...options.config,
      }).map(([name, value]) => [name, ...[value].flat().map((word) => JSON.stringify(String(word)))].join(' ')),
      ...(options.users ?? []).map((rules) => `user ${rules}`),
    ],
    ready: /ready to accept connections/i,
  });

  const { port, otherPort, end, start, signal, stop } = launched;
  const { password } = options;
  const tls = certificate && { ca: certificate.ca };
  const credentials = password === undefined ? '' : `:${encodeURIComponent(password)}@`;
  /** @type {ConnectionOptions} */
  const connection = { host: '127.0.0.1', port, ...(password !== undefined && { password }), ...(tls && { tls }) };

  return {
    port,
    /** Where the nodes of a cluster talk to each other. */
    busPort: otherPort,
    url: `${tls ? 'rediss' : 'redis'}://${credentials}127.0.0.1:${port}`,
    /** For ioredis. */
    options: connection,
    /**
     * The answer to a command, over a connection of its own.
     *
     * @param {string} command
     * @param {(string | number)[]} words
     */
    run: (command, ...words) => runCommand(connection, command, words),
    /** Ends it without warning. */
    kill: () => end('SIGKILL'),
    /** Stops its time: connections stay, and nobody answers. */
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
    /**
     * Starts it again after `kill`, on the same port.
     *
     * @param {{ readonly keepData?: boolean }} [how] by default with whatever is on disk
     */
    start: ({ keepData = true } = {}) => start({ keepData }),
    /** Ends it in good order and starts it again. @param {{ readonly keepData: boolean }} how */
    async restart(how) {
      await end('SIGTERM');
      await start(how);
    },
    /** Ends it for good. */
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** @satisfies {Record<NonNullable<RedisOptions['persistence']>, RedisOptions['config']>} */
const persistences = {
  none: { save: '', appendonly: 'no' },
  rdb: { save: ['3600', '1'], appendonly: 'no' },
  aof: { save: '', appendonly: 'yes', appendfsync: 'always' },
};

/** @param {RedisOptions} options */
function describeReplication({ password, replicaOf }) {
  // A master that comes back as a replica needs the password of the one that took its place: all have the same.
  const masterPassword = replicaOf?.options.password ?? password;
  return {
    ...(password !== undefined && { requirepass: password }),
    ...(masterPassword !== undefined && { masterauth: masterPassword }),
    ...(replicaOf && { replicaof: ['127.0.0.1', replicaOf.port] }),
  };
}

/** Its list of nodes lies beside the data: who loses its data keeps its place. @param {string} data @param {number} busPort */
function describeCluster(data, busPort) {
  return {
    'cluster-enabled': 'yes',
    'cluster-port': busPort,
    'cluster-config-file': `${data}.nodes.conf`,
    'cluster-node-timeout': 1000,
  };
}

/** @param {number} port @param {string} file */
function describeTls(port, file) {
  return {
    port: 0,
    'tls-port': port,
    'tls-cert-file': file,
    'tls-key-file': file,
    'tls-ca-cert-file': file,
    'tls-auth-clients': 'no',
  };
}
