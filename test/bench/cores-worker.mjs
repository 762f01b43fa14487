import { serveParent } from './child.mjs';
import { createFixture } from './fixtures.mjs';
import { calibrate, sample } from './in-process.mjs';
import { createLimitCase } from './limit.mjs';
import { createGatehouseSubject, createPresenter } from './present.mjs';

/** The process that cores.mjs keeps on one core, or on two. */

/**
 * @typedef {object} Order
 * @property {'limit' | 'gatehouse'} subject
 * @property {number} seconds of one sample
 * @property {import('./in-process.mjs').WarmUp} warmUp before the first one
 */

const fixture = await createFixture();
const present = createPresenter(fixture);
const cases = {
  limit: createLimitCase(fixture),
  gatehouse: { ...present('Gatehouse', await createGatehouseSubject(fixture)), inFlight: 16 },
};
/** @type {Map<string, number>} */
const counts = new Map();

serveParent(obey);

/** @param {Order} order */
async function obey({ subject, seconds, warmUp }) {
  const count = counts.get(subject) ?? (await calibrate(cases[subject], seconds, warmUp));
  counts.set(subject, count);
  return sample(cases[subject], count);
}
