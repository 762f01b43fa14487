import { hash } from 'node:crypto';
import { createVerifier } from '@gatehouse/core';
import { createRedisStores } from '@gatehouse/redis';
import { Redis } from 'ioredis';
import { percentile } from '../../bench/measure.mjs';
import { waitUntil } from '../../redis/wait-until.mjs';
import { resource } from '../fixtures.mjs';
import { help } from '../helpers.mjs';
import { look, measure } from '../monitor.mjs';
import { drive } from '../scenario.mjs';

/** @typedef {import('../fixtures.mjs').HttpRequest} HttpRequest */

/** One of the two processes. */

const lifeSeconds = 600;

await help(async ({ port, issuer }) => {
  const client = new Redis({ host: '127.0.0.1', port });
  // The machine is busy, and it is the limit that is looked for.
  const stores = createRedisStores(client, { timeoutSeconds: 4 });
  const verifier = createVerifier({
    resource,
    issuers: [issuer],
    clockToleranceSeconds: 0,
    dpop: { maxAgeSeconds: lifeSeconds },
    stores,
  });
  await verifier.ready();

  /** @param {Uint8Array} key */
  function record(key) {
    const issuedAt = Math.floor(Date.now() / 1000);
    const times = { issuedAt, expiresAt: issuedAt + lifeSeconds, toleranceSeconds: 0 };
    return stores.replay.record({ key, ...times, holder: 'scale' });
  }

  /** @param {HttpRequest} request */
  async function isAccepted(request) {
    const answer = await verifier.check(request);
    return answer.outcome === 'accepted';
  }

  return {
    /** A Redis that is new trusts no proof that was made before it. */
    async ready() {
      await waitUntil(
        async () => (await record(hash('sha256', String(Math.random()), 'buffer').subarray(0, 16))) === 'fresh',
      );
    },
    async record({ seed, count }) {
      const accepted = new Uint8Array(count);
      const sample = await measure(count, () =>
        drive(count, 512, async (index) => {
          const key = hash('sha256', `${seed} ${index}`, 'buffer').subarray(0, 16);
          if ((await record(key)) === 'fresh') accepted[index] = 1;
        }),
      );
      return { accepted, sample, used: await look() };
    },
    async check({ requests }) {
      const accepted = new Uint8Array(requests.length);
      const sample = await measure(requests.length, () =>
        drive(requests.length, 64, async (index) => {
          if (await isAccepted(requests[index])) accepted[index] = 1;
        }),
      );
      return { accepted, sample, used: await look() };
    },
    /** Requests come when they are due, whatever became of the ones before, and their time counts from then. */
    async pace({ requests, perSecond }) {
      /** @type {number[]} */
      const latencies = [];
      let refused = 0;
      const sample = await measure(requests.length, async () => {
        const start = performance.now();
        /** @type {Promise<void>[]} */
        const answers = [];
        /** @param {number} due */
        const send = async (due) => {
          if (!(await isAccepted(requests[answers.length]))) refused += 1;
          latencies.push(performance.now() - due);
        };
        while (answers.length < requests.length) {
          const due = start + (answers.length * 1000) / perSecond;
          if (due <= performance.now()) answers.push(send(due));
          else await new Promise((resolve) => setTimeout(resolve, due - performance.now()));
        }
        await Promise.all(answers);
      });
      return { sample, used: await look(), p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99), refused };
    },
  };
});
