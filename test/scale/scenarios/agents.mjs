import { createMemoryReplayStore, createVerifier } from '@gatehouse/core';
import { alternate } from '../../bench/measure.mjs';
import { createFixture, resource } from '../fixtures.mjs';
import { measure } from '../monitor.mjs';
import { drive, format, runScenario, sized } from '../scenario.mjs';

/** @typedef {import('../fixtures.mjs').Agent} Agent */
/** @typedef {import('../fixtures.mjs').HttpRequest} HttpRequest */

/** Many agents, each with a key and a token of its own, who come one after another; compared with few of them. */

const many = sized(10_000);
const few = 64;
const perRound = 10_000;
const rounds = 9;
const leastRatio = 0.85;
/** The default of `limits.cachedTokens`. */
const cachedTokens = 10_000;

await runScenario(`${format(many)} agents`, async ({ print, say, expect }) => {
  const fixture = await createFixture();
  const crowds = await Promise.all([few, many].map((size) => createCrowd(size)));

  /** @param {number} size */
  async function createCrowd(size) {
    const verifier = createVerifier({
      resource,
      issuers: [fixture.issuer],
      dpop: { maxAgeSeconds: 600 },
      stores: { replay: createMemoryReplayStore() },
    });
    await verifier.ready();
    const guard = { requirement: verifier.prepare({ senderConstraint: 'dpop' }), route: '/data' };
    const agents = Array.from({ length: size }, () => fixture.createAgent());
    let refused = 0;
    return {
      name: `${format(size)} agents`,
      verifier,
      agents,
      get refused() {
        return refused;
      },
      /** @param {HttpRequest} request */
      async send(request) {
        const { outcome } = await verifier.check(request, guard);
        if (outcome !== 'accepted') refused += 1;
      },
    };
  }

  /** Proofs are made before: it is not signing that is measured. @param {typeof crowds[number]} crowd @param {number} count */
  async function play({ agents, send }, count) {
    const requests = Array.from({ length: count }, (_, index) =>
      /** @type {Agent} */ (agents[index % agents.length]).prove(),
    );
    return measure(count, () => drive(count, 256, (index) => send(/** @type {HttpRequest} */ (requests[index]))));
  }

  for (const crowd of crowds) await print(`${crowd.name}, first time`, [await play(crowd, crowd.agents.length)]);
  for (const crowd of crowds) await play(crowd, perRound); // warms up
  const rows = await alternate(crowds, rounds, (crowd) => play(crowd, perRound));
  for (const { name, rounds: samples, cpuRatio: ratio } of rows) await print(name, samples, { ratio });

  const [, { ratio = 0, cpuRatio = 0 } = {}] = rows;
  say(`Ratio by time ${format(ratio, 2)}, by processor time ${format(cpuRatio, 2)}.`);
  expect(cpuRatio >= leastRatio, `many agents are served at ${leastRatio} of the speed of few`);
  for (const { name, verifier, refused } of crowds) {
    const remembered = verifier.health().cachedTokens;
    say(`${name}: ${format(remembered)} tokens are remembered, of ${format(cachedTokens)} at most.`);
    expect(remembered <= cachedTokens, `${name}: no more tokens are remembered than may be`);
    expect(refused === 0, `${name}: every request is accepted`);
    await verifier.close();
  }
  await fixture.close();
});
