import { randomBytes } from 'node:crypto';
import { createMemoryReplayStore, createVerifier } from '@gatehouse/core';
import { alternate } from '../../bench/measure.mjs';
import { createFixture, resource } from '../fixtures.mjs';
import { look, measure } from '../monitor.mjs';
import { drive, format, runScenario, sized } from '../scenario.mjs';

/** @typedef {import('../fixtures.mjs').HttpRequest} HttpRequest */

/** A million used proofs in the memory of a process, while requests with more of them go on. */

const many = sized(1_000_000);
const steps = 4;
const rounds = 7;
const requestsOfRound = sized(5000);
const holders = 1000;
/** The goal is for a million: the empty tables of each segment weigh more among fewer. */
const mostBytes = many >= 1_000_000 ? 30 : 40;

await runScenario(`${format(many)} used proofs in memory`, async ({ print, say, expect }) => {
  let ahead = 0;
  const now = () => Date.now() + ahead;
  const fixture = await createFixture(now);

  async function createSubject() {
    const replay = createMemoryReplayStore({ maxEntries: 2 * many, now });
    const options = { dpop: { maxAgeSeconds: 600 }, stores: { replay }, now };
    const verifier = createVerifier({ resource, issuers: [fixture.issuer], ...options });
    await verifier.ready();
    return { replay, verifier };
  }

  const [empty, full] = [await createSubject(), await createSubject()];
  const agents = Array.from({ length: 64 }, () => fixture.createAgent());
  const prove = (/** @type {number} */ index) => agents[index % agents.length]?.prove();
  let refused = 0;

  /** @param {typeof full} subject @param {HttpRequest | undefined} request */
  async function send({ verifier }, request) {
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
        if (full.replay.record(proof) !== 'fresh') refused += 1;
      }
    });
  }

  /** @param {typeof full} subject */
  async function serve(subject) {
    const requests = Array.from({ length: requestsOfRound }, (_, index) => prove(index));
    return measure(requestsOfRound, () => drive(requestsOfRound, 64, (index) => send(subject, requests[index])));
  }

  await print('Requests, warming up', [await serve(empty), await serve(full)]);
  const before = await look();
  for (let step = 1; step <= steps; step += 1) {
    const count = many / steps;
    await print(`${format((step - 1) * count)} to ${format(step * count)} records`, [
      await measure(count, () => remember(count)),
    ]);
  }
  const filled = await look();
  const cases = [
    { name: 'Requests, no others', subject: empty },
    { name: `Requests, among ${format(many)}`, subject: full },
  ];
  const rows = await alternate(cases, rounds, ({ subject }) => serve(subject));
  for (const { name, rounds: samples, cpuRatio: ratio } of rows) await print(name, samples, { ratio });

  const bytes = (filled.heap + filled.buffers - before.heap - before.buffers) / many;
  say(`A used proof takes ${format(bytes, 1)} bytes.`);
  expect(bytes <= mostBytes, `a used proof takes at most ${mostBytes} bytes`);
  expect(bytes > 16, 'every used proof is there');
  expect((rows[1]?.cpuRatio ?? 0) >= 0.85, 'requests are as fast as without them');

  const early = prove(0);
  await send(full, early);
  const again = await full.verifier.check(structuredClone(/** @type {HttpRequest} */ (early)));
  expect(again.outcome === 'refused' && again.error.code === 'ERR_DPOP_REPLAYED', 'a used proof is found among them');
  // Past the life of all of them, and that of their generation.
  ahead += 1000 * 1000;
  for (const subject of [empty, full]) await send(subject, prove(0));
  const gone = await look();
  const left = gone.heap + gone.buffers - before.heap - before.buffers;
  say(`When they have expired, ${format(left / 1e6, 1)} MB are left of ${format((bytes * many) / 1e6, 1)}.`);
  expect(left < (bytes * many) / 10 + 1e6, 'memory comes back when they have expired');
  expect(refused === 0, 'every request is accepted');
  await Promise.all([empty.verifier.close(), full.verifier.close()]);
  await fixture.close();
});
