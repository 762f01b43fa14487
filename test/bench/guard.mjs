import { createBearerCases } from './bearer.mjs';
import { createDpopCases } from './dpop.mjs';
import { createFixture } from './fixtures.mjs';
import { createBearerCheck } from './gatehouse.mjs';
import { compareBest, listGates } from './gates.mjs';
import { measureInProcess } from './in-process.mjs';
import { createLimitCase } from './limit.mjs';
import { readFigures } from './page/write.mjs';
import { createGatehouseSubject, createPresenter } from './present.mjs';

/**
 * Fails when a warm request takes more than it did when the figures were published, by processor time and compared with
 * the limit in the same seconds. So that it can be seen to fail, it also measures a verifier without its token cache,
 * which every gate has to stop.
 */

// Many short rounds: it is likely that other work on the machine disturbs some, and less so that it disturbs all.
const effort = { rounds: 45, seconds: 4.5, warmUp: { operations: 8000, seconds: 1 } };
/** Other work makes a row slower, never faster: what passes once is fast enough. */
const attempts = 3;
const withoutCache = { limits: { cachedTokens: 0 } };

const fixture = await createFixture();
try {
  const uncached = await createBearerCheck(fixture.settings, withoutCache);
  const subject = await createGatehouseSubject(fixture, withoutCache);
  const controls = {
    bearer: { name: 'control', run: () => uncached(fixture.token) },
    dpop: { ...createPresenter(fixture)('control', subject), inFlight: 16 },
  };
  const cases = { bearer: await createBearerCases(fixture), dpop: await createDpopCases(fixture) };
  for (const gate of listGates(readFigures())) {
    const guarded = cases[gate.table].filter(({ name }) => name === gate.row);
    const measured = [createLimitCase(fixture), ...guarded, controls[gate.table]];
    let passed = false;
    for (let attempt = 0; attempt < attempts && !passed; attempt += 1) passed = await measure(gate, measured);
    if (!passed) process.exitCode = 1;
  }
} finally {
  await fixture.close();
}

/**
 * @param {import('./gates.mjs').Gate} gate
 * @param {readonly import('./in-process.mjs').Case[]} cases the limit, the row and the control
 * @returns {Promise<boolean>} whether the gate lets the row pass, and not the control
 */
async function measure({ row, least }, cases) {
  const [limit, own, control] = await measureInProcess(cases, effort);
  if (limit === undefined || own === undefined || control === undefined) throw new Error(`There is no row "${row}".`);
  const [ratio, ratioOfControl] = [compareBest(own, limit), compareBest(control, limit)];
  const passed = ratio >= least && ratioOfControl < least;
  const [is, must, without] = [ratio, least, ratioOfControl].map((number) => number.toFixed(2));
  console.log(`${row}: ${is}, at least ${must}; without the token cache ${without}: ${passed ? 'passed' : 'FAILED'}`);
  return passed;
}
