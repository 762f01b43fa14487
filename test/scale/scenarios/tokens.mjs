import { createVerifier } from '@gatehouse/core';
import { alternate } from '../../bench/measure.mjs';
import { createFixture, resource, withToken } from '../fixtures.mjs';
import { measure } from '../monitor.mjs';
import { drive, format, megabytes, runScenario, sized } from '../scenario.mjs';

/** Very many bearer tokens that are all remembered, compared with one of them. */

const many = sized(100_000);
const rounds = 9;
/** What a look into a large memory may cost: the processor has not all of it at hand. */
const leastRatio = 0.4;
const mostBytes = 5000;

await runScenario(`${format(many)} remembered tokens`, async ({ row, print, say, expect }) => {
  const fixture = await createFixture();
  const tokens = Array.from({ length: many }, () => fixture.mint());
  const verifier = createVerifier({ resource, issuers: [fixture.issuer], limits: { cachedTokens: many } });
  await verifier.ready();
  const guard = { requirement: verifier.prepare('read:data'), route: '/data' };
  let refused = 0;

  /** @param {number} index */
  async function send(index) {
    const { outcome } = await verifier.check(withToken(tokens[index % many] ?? ''), guard);
    if (outcome !== 'accepted') refused += 1;
  }

  const before = await row('One token', many, () => drive(many, 64, () => send(0)));
  const filled = await row(`${format(many)} tokens, first time`, many, () => drive(many, 64, send));
  const cases = [
    { name: 'One token', run: () => send(0) },
    { name: `${format(many)} tokens`, run: send },
  ];
  const rows = await alternate(cases, rounds, ({ run }) => measure(many, () => drive(many, 64, run)));
  for (const { name, rounds: samples, cpuRatio: ratio } of rows) await print(name, samples, { ratio });

  const ratio = rows[1]?.cpuRatio ?? 0;
  const bytes = (filled.heap - before.heap) / many;
  const remembered = verifier.health().cachedTokens;
  say(`${format(remembered)} tokens are remembered, at ${format(bytes)} bytes each: ${megabytes(bytes * many)}.`);
  expect(remembered === many, 'as many tokens are remembered as may be');
  expect(ratio >= leastRatio, `one of many tokens is found at ${leastRatio} of the speed of the only one`);
  expect(bytes <= mostBytes, `a token takes at most ${format(mostBytes)} bytes`);
  expect(refused === 0, 'every request is accepted');

  const more = await row('As many others', many, () => drive(many, 64, () => check(fixture.mint())));
  expect(verifier.health().cachedTokens === many, 'others take the place of the ones that were used before');
  expect(more.heap < filled.heap * 1.2, 'others take no more memory than those whose place they take');
  expect(refused === 0, 'every other token is accepted');
  await verifier.close();
  await fixture.close();

  /** @param {string} token */
  async function check(token) {
    const { outcome } = await verifier.check(withToken(token), guard);
    if (outcome !== 'accepted') refused += 1;
  }
});
