import { randomUUID } from 'node:crypto';
import { createRevocationList, createVerifier } from '@gatehouse/core';
import { alternate } from '../../bench/measure.mjs';
import { createFixture, resource, withToken } from '../fixtures.mjs';
import { measure } from '../monitor.mjs';
import { drive, format, runScenario, sized } from '../scenario.mjs';

/** A million revocations in the memory of a process, of all kinds, and bearer requests that none of them is about. */

const many = sized(1_000_000);
const requests = sized(50_000);
const rounds = 9;
/** Enough for a walk over all of them, a step with each. */
const some = 500;
const mostBytes = 250;
/** One entry in a hundred is of these kinds, so that every request has to look among all of them. */
const kinds = ['sub', 'session', 'clientId', 'task'];

await runScenario(`${format(many)} revocations`, async ({ row, print, say, expect }) => {
  let ahead = 0;
  const now = () => Date.now() + ahead;
  const fixture = await createFixture(now);
  const { issuer: iss } = fixture;
  const lists = [createRevocationList({ now }), createRevocationList({ now })];
  const [empty, full] = await Promise.all(lists.map((list) => createSubject(list)));
  if (empty === undefined || full === undefined) throw new Error('There are two.');
  const token = fixture.mint();
  const revokedId = randomUUID();
  const revoked = fixture.mint({ jti: revokedId });
  const others = Array.from({ length: 100 }, () => fixture.mint());

  /** @param {import('@gatehouse/core').RevocationList} list */
  async function createSubject(list) {
    const verifier = createVerifier({ resource, issuers: [iss], stores: { revocations: list }, now });
    await verifier.ready();
    return { list, verifier };
  }

  /** @param {NonNullable<typeof full>} subject @param {string} presented @returns {Promise<string>} */
  async function codeOf({ verifier }, presented) {
    const answer = await verifier.check(withToken(presented));
    return answer.outcome === 'refused' ? answer.error.code : answer.outcome;
  }

  /** @param {number} index */
  async function revoke(index) {
    const at = new Date(now());
    const later = new Date(at.getTime() + 3_600_000);
    const kind = kinds[Math.floor(index / 100) % kinds.length] ?? '';
    const target = index % 100 === 0 ? { [kind]: randomUUID() } : { tokenId: randomUUID() };
    await full?.list.add({
      id: '',
      iss,
      ...target,
      issuedBefore: later,
      expiresAt: later,
      at,
      author: 'scale',
      reason: 'the task has ended',
    });
  }

  let refused = 0;
  /** @param {NonNullable<typeof full>} subject */
  const send = (subject) => async () => {
    if ((await codeOf(subject, token)) !== 'accepted') refused += 1;
  };
  const before = await row('Requests, nothing is revoked', requests, () => drive(requests, 64, send(full)));
  const filled = await row(`${format(many)} revocations`, many, () => drive(many, 500, revoke));
  const cases = [
    { name: 'Requests, nothing is revoked', subject: empty },
    { name: `Requests, ${format(many)} revocations`, subject: full },
  ];
  const rows = await alternate(cases, rounds, ({ subject }) =>
    measure(requests, () => drive(requests, 64, send(subject))),
  );
  for (const { name, rounds: samples, cpuRatio: ratio } of rows) await print(name, samples, { ratio });

  const bytes = (filled.heap + filled.buffers - before.heap - before.buffers) / many;
  say(`A revocation takes ${format(bytes)} bytes.`);
  expect(full.list.health().entries === many, 'every revocation is held');
  expect(bytes <= mostBytes, `a revocation takes at most ${mostBytes} bytes`);
  expect((rows[1]?.cpuRatio ?? 0) >= 0.5, 'requests among them take at most twice the time');
  expect(refused === 0, 'every request is accepted');

  expect((await codeOf(full, revoked)) === 'accepted', 'a token is good before it is revoked');
  await full.verifier.revocations.revoke({ iss, tokenId: revokedId }).then(
    () => say('There is room for one more.'),
    () => expect(many === 1_000_000, 'no room is left where as many are held as may be'),
  );
  const isFull = many === 1_000_000;
  expect(
    (await codeOf(full, revoked)) === (isFull ? 'accepted' : 'ERR_TOKEN_REVOKED'),
    'a revocation that was taken counts at once',
  );

  await row('Health, asked 10 times', 10, () => drive(10, 1, async () => void full.verifier.health()));
  ahead += 3_700_000;
  // Each lets some of them go.
  await row('Some more, when all have expired', some, () => drive(some, 1, revoke));
  const gone = await row('Requests, when all have expired', others.length, () =>
    drive(others.length, 1, async (index) => void (await codeOf(full, others[index] ?? ''))),
  );
  const left = gone.heap + gone.buffers - before.heap - before.buffers;
  say(`When they have expired, ${format(left / 1e6, 1)} MB are left of ${format((bytes * many) / 1e6, 1)}.`);
  expect(left < (bytes * many) / 4 + 10e6, 'memory comes back when they have expired');
  for (const { verifier } of [empty, full]) await verifier.close();
  await fixture.close();
});
