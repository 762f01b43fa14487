import cluster from 'node:cluster';
import { once } from 'node:events';

const { createRevocationList, createVerifier } = await import('../../packages/core/dist/index.js');

/** A list as another process would know it, too. */
const shared = { ...createRevocationList() };

/** @type {Record<string, import('@gatehouse/core').VerifierOptions['stores']>} */
const stores = { none: {}, memory: { revocations: createRevocationList() }, shared: { revocations: shared } };

/** What becomes of a revocation with each of these in this process. */
async function revokeByAll() {
  const iss = 'https://as.example';
  const answers = Object.entries(stores).map(async ([name, given]) => {
    const replay = { record: async () => /** @type {const} */ ('fresh') };
    const options = { resource: 'https://api.example', issuers: [iss], stores: { replay, ...given } };
    const { revocations } = createVerifier(options);
    const answer = await revocations.revoke({ iss, sub: 'alice' }).then(
      () => 'revoked',
      ({ code }) => code,
    );
    return [name, answer];
  });
  return Object.fromEntries(await Promise.all(answers));
}

if (cluster.isPrimary) {
  const worker = cluster.fork();
  const [answer] = await once(worker, 'message');
  process.stdout.write(JSON.stringify({ primary: await revokeByAll(), worker: answer }));
} else {
  process.send?.(await revokeByAll(), () => process.exit());
}
