import { once } from 'node:events';
import { connect } from 'node:net';
import { serveParent } from '../child.mjs';
import { percentile, toMicroseconds } from '../measure.mjs';
import { parseAnswer } from './answer.mjs';

/**
 * The load, in a process of its own: sends requests that are bytes already, and reads as much of an answer as it takes to
 * know that it is whole and what its status is. A client of HTTP would need more of a core than the servers that are
 * measured (README.md).
 */

/**
 * What the benchmark says to this process, which answers each with one message.
 *
 * @typedef {{ readonly say: 'prepare', readonly requests: readonly string[] }
 *   | { readonly say: 'connect', readonly port: number, readonly connections: number }
 *   | { readonly say: 'run', readonly seconds: number, readonly most: number, readonly status: number }} Order
 */

/** @typedef {{ readonly count: number, readonly milliseconds: number, readonly p50: number, readonly p99: number, readonly loadMicroseconds: number }} Load */

/** @typedef {Awaited<ReturnType<typeof openConnection>>} Connection */

/** @type {readonly Buffer[]} */
let requests = [];
/** @type {readonly Connection[]} */
let connections = [];

serveParent(obey);

/** @param {Order} order @returns {Promise<Load | true>} */
async function obey(order) {
  if (order.say === 'run') return run(order);
  if (order.say === 'prepare') {
    requests = order.requests.map((text) => Buffer.from(text, 'latin1'));
    return true;
  }
  for (const { close } of connections) close();
  connections = await Promise.all(Array.from({ length: order.connections }, () => openConnection(order.port)));
  return true;
}

/**
 * Sends one request after another on every connection, until the time is over, or `most` are sent, or there is none left
 * that was not sent before. A single request is repeated.
 *
 * @param {Order & { readonly say: 'run' }} order
 * @returns {Promise<Load>}
 */
async function run({ seconds, most, status }) {
  /** @type {number[]} */
  const latencies = [];
  let next = 0;
  const cpu = process.cpuUsage();
  const start = performance.now();
  const end = start + seconds * 1000;

  /** @param {Connection} connection */
  async function sendInTurn({ exchange }) {
    for (let sent = performance.now(); sent < end && next < most; ) {
      const request = requests.length === 1 ? requests[0] : requests[next];
      next += 1;
      if (request === undefined) return;
      const answered = await exchange(request);
      if (answered !== status) throw new Error(`An answer was ${answered} instead of ${status}.`);
      const now = performance.now();
      latencies.push(now - sent);
      sent = now;
    }
  }
  await Promise.all(connections.map(sendInTurn));
  const count = latencies.length;
  return {
    count,
    milliseconds: performance.now() - start,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    loadMicroseconds: toMicroseconds(process.cpuUsage(cpu)) / count,
  };
}

/** A connection on which one request at a time is under way. @param {number} port */
async function openConnection(port) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  /** @type {{ resolve(status: number): void, reject(reason: Error): void } | undefined} */
  let waiting;
  let received = '';
  socket.setEncoding('latin1');
  socket.on('data', (/** @type {string} */ text) => {
    received += text;
    const status = parseAnswer(received);
    if (status === undefined) return;
    received = '';
    waiting?.resolve(status);
    waiting = undefined;
  });
  socket.on('error', (error) => waiting?.reject(error));
  socket.on('close', () => waiting?.reject(new Error('The server closed a connection.')));
  await once(socket, 'connect');
  return {
    /** @param {Buffer} request @returns {Promise<number>} the status of the answer */
    exchange(request) {
      return new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        socket.write(request);
      });
    },
    close: () => socket.destroy(),
  };
}
