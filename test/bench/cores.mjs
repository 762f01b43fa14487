import { cores, startChild } from './child.mjs';
import { limitName } from './limit.mjs';
import { alternate } from './measure.mjs';

/**
 * DPoP on one core and on two, each in a process of its own that is kept there, compared with the verification on one.
 *
 * @param {import('./in-process.mjs').Effort} effort
 */
export async function measureCores({ rounds, seconds, warmUp }) {
  const file = new URL('./cores-worker.mjs', import.meta.url);
  const [one, two] = await Promise.all([startChild(file, [], cores.one), startChild(file, [], cores.two)]);
  const cases = [
    { name: `${limitName}, one core`, child: one, subject: 'limit' },
    { name: 'Gatehouse, warm, 16 at once, one core', child: one, subject: 'gatehouse' },
    { name: 'Gatehouse, warm, 16 at once, two cores', child: two, subject: 'gatehouse' },
  ];
  try {
    const slice = seconds / cases.length / (rounds + 1);
    return await alternate(cases, rounds, async ({ child, subject }) => {
      return /** @type {import('./measure.mjs').Sample} */ (await child.ask({ subject, seconds: slice, warmUp }));
    });
  } finally {
    one.stop();
    two.stop();
  }
}
