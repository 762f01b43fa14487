// @ts-check
import { startRedis } from './servers.mjs';
import { waitUntil } from './wait-until.mjs';

/** @import { RedisServer } from './servers.mjs' */

/**
 * @typedef {object} Node
 * @property {RedisServer} server
 * @property {string} id by which the other nodes know it
 */

const slotCount = 16_384;

/**
 * Starts a cluster on loopback, whose slots are spread evenly, and waits until every node knows all of it. It replaces a
 * master that is silent for a second.
 *
 * @param {{ readonly masters?: number, readonly replicas?: number, readonly password?: string }} [size] how many masters
 *   (3), and how many replicas each of them has (0)
 */
export async function startCluster({ masters: masterCount = 3, replicas = 0, password } = {}) {
  const credentials = { ...(password !== undefined && { password }) };
  const nodes = await Promise.all(Array.from({ length: masterCount * (1 + replicas) }, () => startNode(credentials)));
  const masters = nodes.slice(0, masterCount);
  await spreadSlots(masters);
  await introduce(nodes);
  await followMasters(masters, nodes.slice(masterCount));
  await waitForAll(nodes, ['CLUSTER', 'INFO'], (info) => info.includes('cluster_state:ok'));

  const stop = async () => {
    await Promise.all(nodes.map(({ server }) => server.stop()));
  };
  return {
    /** Masters first, then the first replica of each, and so on. */
    servers: nodes.map(({ server }) => server),
    /** The nodes that ioredis asks first. */
    nodes: nodes.map(({ server }) => ({ host: '127.0.0.1', port: server.port })),
    /** For ioredis, about every node. */
    redisOptions: credentials,
    /**
     * Moves a slot with its keys from one master to another, in the steps that CLUSTER SETSLOT describes.
     *
     * @param {number} slot
     * @param {{ readonly from: RedisServer, readonly to: RedisServer, readonly pause?: () => Promise<void> }} how `pause`
     *   is awaited after each step: when the slot is open, each time some keys are gone, and when all is done
     */
    async moveSlot(slot, { from, to, pause = async () => undefined }) {
      const [source = '', target = ''] = [from, to].map((server) => nodes.find((node) => node.server === server)?.id);
      await to.run('CLUSTER', 'SETSLOT', slot, 'IMPORTING', source);
      await from.run('CLUSTER', 'SETSLOT', slot, 'MIGRATING', target);
      await pause();
      for (;;) {
        const keys = /** @type {string[]} */ (await from.run('CLUSTER', 'GETKEYSINSLOT', slot, 10));
        if (keys.length === 0) break;
        const auth = password === undefined ? [] : ['AUTH', password];
        await from.run('MIGRATE', '127.0.0.1', to.port, '', 0, 5000, ...auth, 'KEYS', ...keys);
        await pause();
      }
      for (const server of [to, from]) await server.run('CLUSTER', 'SETSLOT', slot, 'NODE', target);
      await pause();
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** @param {{ readonly password?: string }} credentials @returns {Promise<Node>} */
async function startNode(credentials) {
  const server = await startRedis({ cluster: true, ...credentials });
  return { server, id: String(await server.run('CLUSTER', 'MYID')) };
}

/** @param {readonly Node[]} masters */
async function spreadSlots(masters) {
  const share = slotCount / masters.length;
  for (const [index, { server }] of masters.entries()) {
    const [first, last] = [Math.floor(index * share), Math.floor((index + 1) * share) - 1];
    await server.run('CLUSTER', 'ADDSLOTSRANGE', first, last);
  }
}

/** @param {readonly Node[]} nodes */
async function introduce(nodes) {
  for (const [index, { server }] of nodes.entries()) {
    // Of equal epochs one would lose its slots.
    await server.run('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
    for (const other of nodes.slice(0, index)) {
      await server.run('CLUSTER', 'MEET', '127.0.0.1', other.server.port, other.server.busPort);
    }
  }
  await waitForAll(nodes, ['CLUSTER', 'INFO'], (info) => info.includes(`cluster_known_nodes:${nodes.length}\r`));
}

/** Replicas are spread over the masters in turn. @param {readonly Node[]} masters @param {readonly Node[]} replicas */
async function followMasters(masters, replicas) {
  for (const [index, { server }] of replicas.entries()) {
    await server.run('CLUSTER', 'REPLICATE', masters[index % masters.length]?.id ?? '');
  }
  await waitForAll(replicas, ['INFO', 'replication'], (info) => info.includes('master_link_status:up'));
  // A master is replaced where the others know of its replica.
  const countReplicas = (/** @type {string} */ list) => [...list.matchAll(/ (?:myself,)?slave /g)].length;
  await waitForAll([...masters, ...replicas], ['CLUSTER', 'NODES'], (list) => countReplicas(list) === replicas.length);
}

/**
 * @param {readonly Node[]} nodes
 * @param {readonly [string, string]} command
 * @param {(answer: string) => boolean} isGood
 */
function waitForAll(nodes, [command, word], isGood) {
  return waitUntil(async () => {
    const answers = await Promise.all(nodes.map(({ server }) => server.run(command, word)));
    return answers.every((answer) => isGood(String(answer)));
  });
}
