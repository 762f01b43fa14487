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

const effort = { rounds: 9, seconds: 6 };
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
  for (const { table, row, least } of listGates(readFigures())) {
    const guarded = cases[table].filter(({ name }) => name === row);
    const [limit, own, control] = await measureInProcess(
      [createLimitCase(fixture), ...guarded, controls[table]],
      effort,
    );
    if (limit === undefined || own === undefined || control === undefined) throw new Error(`There is no row "${row}".`);
    const [ratio, ratioOfControl] = [compareBest(own, limit), compareBest(control, limit)];
    const passed = ratio >= least && ratioOfControl < least;
    const numbers = [ratio, least, ratioOfControl].map((number) => number.toFixed(2));
    console.log(
      `${row}: ${numbers[0]}, at least ${numbers[1]}; without the token cache ${numbers[2]}; median ${own.cpuRatio.toFixed(2)}`,
    );
    if (!passed) process.exitCode = 1;
  }
} finally {
  await fixture.close();
}
