import cluster from 'node:cluster';
import { once } from 'node:events';

const { createMemoryReplayStore, createVerifier } = await import('../../packages/core/dist/index.js');

/** @type {Record<string, Partial<import('@gatehouse/core').VerifierOptions>>} */
const options = {
  none: {},
  memory: { stores: { replay: createMemoryReplayStore() } },
  shared: { stores: { replay: { record: async () => 'fresh' } } },
  off: { dpop: 'off' },
};

/** What becomes of a verifier with each of these in this process. */
function tryOptions() {
  return Object.fromEntries(
    Object.entries(options).map(([name, changes]) => {
      try {
        createVerifier({ resource: 'https://api.example', issuers: ['https://as.example'], ...changes });
        return [name, 'taken'];
      } catch (error) {
        const { name: kind, issues } = /** @type {import('@gatehouse/core').ConfigurationError} */ (error);
        return [name, { kind, issues }];
      }
    }),
  );
}

if (cluster.isPrimary) {
  const workers = [cluster.fork(), cluster.fork()];
  const answers = await Promise.all(workers.map((worker) => once(worker, 'message')));
  process.stdout.write(JSON.stringify({ primary: tryOptions(), workers: answers.map(([answer]) => answer) }));
} else {
  process.send?.(tryOptions(), () => process.exit());
}
