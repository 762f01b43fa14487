import { randomBytes } from 'node:crypto';
import { createMemoryReplayStore, createVerifier } from '@gatehouse/core';
import { createFixture, resource } from '../fixtures.mjs';
import { look, measure } from '../monitor.mjs';
import { drive, format, runScenario, sized } from '../scenario.mjs';

/** @typedef {import('../fixtures.mjs').HttpRequest} HttpRequest */

/** A million used proofs in the memory of a process, while requests with more of them go on. */

const many = sized(1_000_000);
const steps = 4;
const requestsOfStep = sized(20_000);
const holders = 1000;
/** The goal is for a million: the empty tables of each segment weigh more among fewer. */
const mostBytes = many >= 1_000_000 ? 30 : 40;

await runScenario(`${format(many)} used proofs in memory`, async ({ print, say, expect }) => {
  let ahead = 0;
  const now = () => Date.now() + ahead;
  const fixture = await createFixture(now);
  const replay = createMemoryReplayStore({ maxEntries: 2 * many, now });
  const verifier = createVerifier({
    resource,
    issuers: [fixture.issuer],
    dpop: { maxAgeSeconds: 600 },
    stores: { replay },
    now,
  });
  await verifier.ready();
  const agents = Array.from({ length: 64 }, () => fixture.createAgent());
  const prove = (/** @type {number} */ index) => agents[index % agents.length]?.prove();
  let refused = 0;

  /** @param {HttpRequest | undefined} request */
  async function send(request) {
    const { outcome } = await verifier.check(/** @type {HttpRequest} */ (request));
    if (outcome !== 'accepted') refused += 1;
  }

  /** Of requests of others, whose signatures are not what is measured. @param {number} count */
  async function remember(count) {
    const expiresAt = now() / 1000 + 700;
    await drive(count / 500, 1, async (batch) => {
      for (let index = 0; index < 500; index += 1) {
        const holder = `holder ${(batch * 500 + index) % holders}`;
        const proof = { key: randomBytes(16), issuedAt: expiresAt - 700, expiresAt, toleranceSeconds: 5, holder };
        if (replay.record(proof) !== 'fresh') refused += 1;
      }
    });
  }

  /** @param {string} name */
  async function serve(name) {
    const requests = Array.from({ length: requestsOfStep }, (_, index) => prove(index));
    const sample = await measure(requestsOfStep, () => drive(requestsOfStep, 64, (index) => send(requests[index])));
    await print(name, [sample]);
    return sample;
  }

  await serve('Requests, warming up');
  const alone = await serve('Requests, no others');
  const before = await look();
  for (let step = 1; step <= steps; step += 1) {
    const count = many / steps;
    await print(`${format((step - 1) * count)} to ${format(step * count)} records`, [
      await measure(count, () => remember(count)),
    ]);
  }
  const filled = await look();
  const crowded = await serve(`Requests, among ${format(many)}`);

  const bytes = (filled.heap + filled.buffers - before.heap - before.buffers) / many;
  say(`A used proof takes ${format(bytes, 1)} bytes.`);
  const ratio = alone.cpuMicroseconds / crowded.cpuMicroseconds;
  say(`A request among them takes ${format(1 / ratio, 2)} of the processor time that it takes without.`);
  expect(bytes <= mostBytes, `a used proof takes at most ${mostBytes} bytes`);
  expect(bytes > 16, 'every used proof is there');
  expect(ratio >= 0.85, 'requests are as fast as without them');

  const early = prove(0);
  await send(early);
  const again = await verifier.check(structuredClone(/** @type {HttpRequest} */ (early)));
  expect(again.outcome === 'refused' && again.error.code === 'ERR_DPOP_REPLAYED', 'a used proof is found among them');
  // Past the life of all of them, and that of their generation.
  ahead += 1000 * 1000;
  await send(prove(0));
  const gone = await look();
  const left = gone.heap + gone.buffers - before.heap - before.buffers;
  say(`When they have expired, ${format(left / 1e6, 1)} MB are left of ${format((bytes * many) / 1e6, 1)}.`);
  expect(left < (bytes * many) / 10 + 1e6, 'memory comes back when they have expired');
  expect(refused === 0, 'every request is accepted');
  await verifier.close();
  await fixture.close();
});
