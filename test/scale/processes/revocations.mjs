import { setImmediate as turn } from 'node:timers/promises';
import { createVerifier } from '@gatehouse/core';
import { createRedisStores } from '@gatehouse/redis';
import { Redis } from 'ioredis';
import { waitUntil } from '../../redis/wait-until.mjs';
import { resource, withToken } from '../fixtures.mjs';
import { help } from '../helpers.mjs';
import { look, measure } from '../monitor.mjs';

/** The process that starts late. */

await help(async ({ port, issuer, maxEntries }) => {
  const client = new Redis({ host: '127.0.0.1', port });
  /** @type {import('@gatehouse/core').Verifier | undefined} */
  let verifier;

  /** @param {string} token @returns {Promise<string>} */
  async function codeOf(token) {
    const answer = await /** @type {NonNullable<typeof verifier>} */ (verifier).check(withToken(token));
    return answer.outcome === 'refused' ? answer.error.code : answer.outcome;
  }

  return {
    async start() {
      const before = await look();
      const begun = performance.now();
      let seconds = 0;
      const sample = await measure(1, async () => {
        const stores = createRedisStores(client, { timeoutSeconds: 4, revocations: { maxEntries } });
        verifier = createVerifier({ resource, issuers: [issuer], stores });
        // A first attempt that fails is not the last one.
        await waitUntil(() => /** @type {NonNullable<typeof verifier>} */ (verifier).ready().then(() => true), {
          timeoutSeconds: 120,
        });
        seconds = (performance.now() - begun) / 1000;
      });
      return { before, sample, used: await look(), seconds, entries: verifier?.health().revocations.entries };
    },
    check: ({ token }) => codeOf(token),
    /** Asks again and again, until the token is refused; answers when. */
    async refuse({ token }) {
      while ((await codeOf(token)) === 'accepted') await turn();
      return Date.now();
    },
  };
});
