import { createMemoryReplayStore, createVerifier } from '@gatehouse/core';
import { createFixture, resource } from '../fixtures.mjs';
import { look, measure } from '../monitor.mjs';
import { drive, format, megabytes, runScenario, sized } from '../scenario.mjs';

/** @typedef {import('../fixtures.mjs').Agent} Agent */
/** @typedef {import('../fixtures.mjs').HttpRequest} HttpRequest */

/** A valid agent that sends more proofs than the memory of used ones holds; then many others who do. */

const maxEntries = sized(1_000_000);
/** From where on shares count. */
const nearlyFull = 0.9;
const atOnce = 256;
const lifeSeconds = 600;
const bytesOfEntry = 30;
const bytesOfFewEntries = 40;

await runScenario('A flood of jtis', async ({ print, say, expect }) => {
  let ahead = 0;
  const now = () => Date.now() + ahead;
  const fixture = await createFixture(now);
  const replay = createMemoryReplayStore({ maxEntries, now });
  const dpop = { maxAgeSeconds: lifeSeconds };
  const verifier = createVerifier({ resource, issuers: [fixture.issuer], dpop, stores: { replay }, now });
  await verifier.ready();
  const noisy = fixture.createAgent();
  const others = Array.from({ length: 16 }, () => fixture.createAgent());
  let accepted = 0;

  /** @param {HttpRequest} request @returns {Promise<string>} */
  async function ask(request) {
    const answer = await verifier.check(request);
    if (answer.outcome === 'accepted') accepted += 1;
    return answer.outcome === 'refused' ? answer.error.code : answer.outcome;
  }

  /**
   * Sends proofs of some agents in turn, and counts what becomes of them.
   *
   * @param {string} name
   * @param {readonly Agent[]} agents
   * @param {number} count
   * @param {(index: number) => Promise<void>} [between]
   */
  async function send(name, agents, count, between) {
    /** @type {Map<string, number>} */
    const answers = new Map();
    const sample = await measure(count, () =>
      drive(count, atOnce, async (index) => {
        await between?.(index);
        const answer = await ask(/** @type {Agent} */ (agents[index % agents.length]).prove());
        answers.set(answer, (answers.get(answer) ?? 0) + 1);
      }),
    );
    await print(name, [sample]);
    say([...answers].map(([answer, times]) => `${answer} ${format(times)}`).join(', '));
    return answers;
  }

  const first = Array.from({ length: 1000 }, (_, index) =>
    /** @type {Agent} */ (others[index % others.length]).prove(),
  );
  for (const request of first) await ask(structuredClone(request));
  const before = await look();

  let refusedOthers = 0;
  const ofNoisy = await send('One agent', [noisy], maxEntries, async (index) => {
    if (index % 1000 === 0 && (await ask(/** @type {Agent} */ (others[0]).prove())) !== 'accepted') refusedOthers += 1;
  });
  const taken = ofNoisy.get('accepted') ?? 0;
  expect(
    [...ofNoisy.keys()].every((answer) => ['accepted', 'ERR_HOLDER_LIMIT'].includes(answer)),
    'one agent is told that it sends too many',
  );
  expect(taken <= maxEntries * nearlyFull, 'one agent does not fill the memory');
  expect(refusedOthers === 0, 'another one is accepted meanwhile');

  const ofMany = await send('Many agents', others, maxEntries / 5);
  expect(accepted === maxEntries, 'as many proofs are accepted as there is room for');
  expect((ofMany.get('ERR_REPLAY_STORE_FULL') ?? 0) > 0, 'the next ones are answered with 503');
  expect(verifier.health().stores.replay?.code === 'ERR_REPLAY_STORE_FULL', 'the memory says that it is full');

  const again = await Promise.all(first.map((request) => ask(structuredClone(request))));
  expect(
    again.every((answer) => answer === 'ERR_DPOP_REPLAYED'),
    'no used proof was forgotten to make room',
  );

  const full = await look();
  const bytes = (full.heap + full.buffers - before.heap - before.buffers) / maxEntries;
  say(`A used proof takes ${format(bytes, 1)} bytes.`);
  expect(bytes <= (maxEntries >= 1_000_000 ? bytesOfEntry : bytesOfFewEntries), 'the memory takes no more than it may');

  // Past the life of all of them, and that of their generation.
  ahead += 2 * lifeSeconds * 1000;
  const ofLater = await send('One agent, when they have expired', [noisy], 1000);
  expect(ofLater.get('accepted') === 1000, 'there is room again when they have expired');
  const { heap, buffers } = await look();
  const left = heap + buffers - before.heap - before.buffers;
  say(`${megabytes(left)} are left of ${megabytes(bytes * maxEntries)}.`);
  expect(left < 4e6, 'memory comes back when they have expired');
  await verifier.close();
  await fixture.close();
});
