import { randomUUID } from 'node:crypto';
import { startRedis } from '../../redis/servers.mjs';
import { createFixture } from '../fixtures.mjs';
import { startHelper } from '../helpers.mjs';
import { format, runScenario, sized } from '../scenario.mjs';

/** A million used proofs in one Redis, that two processes race for: each is accepted by exactly one of them. */

const many = sized(1_000_000);
const mostBytes = many >= 1_000_000 ? 30 : 100;
const racedRequests = sized(20_000);
/** In both processes together: what two cores verify beside all that makes and counts the requests. */
const requestsPerSecond = 2000;

await runScenario(`${format(many)} used proofs in Redis`, async ({ print, say, expect }) => {
  const fixture = await createFixture();
  const redis = await startRedis();
  const settings = { port: redis.port, issuer: fixture.issuer };
  const processes = [1, 2].map(() => startHelper('./processes/proofs.mjs', settings));
  const memory = async () => Number(/^used_memory:(\d+)/m.exec(String(await redis.run('INFO', 'memory')))?.[1]);

  /**
   * Lets both do the same at the same time, prints what it was like for each, and counts what was accepted by exactly one.
   *
   * @param {string} name
   * @param {string} task
   * @param {object} given
   */
  async function race(name, task, given) {
    const answers = await Promise.all(processes.map((helper) => helper.ask(task, given)));
    for (const [index, { sample, used }] of answers.entries())
      await print(`${name}, process ${index + 1}`, [sample], { used });
    const [one, other] = answers.map(({ accepted }) => /** @type {Uint8Array} */ (accepted));
    const once = one?.filter((isAccepted, index) => isAccepted + (other?.[index] ?? 0) === 1).length;
    return { once, byFirst: one?.filter(Boolean).length ?? 0, answers };
  }

  await Promise.all(processes.map((helper) => helper.ask('ready')));
  const before = await memory();
  const filled = await race(`${format(many)} proofs`, 'record', { seed: randomUUID(), count: many });
  const bytes = ((await memory()) - before) / many;
  say(
    `A used proof takes ${format(bytes, 1)} bytes of Redis; the first process was first with ${format(filled.byFirst)}.`,
  );
  expect(filled.once === many, 'every proof is fresh to exactly one of two processes');
  expect(filled.byFirst > 0 && filled.byFirst < many, 'both were first with some');
  expect(bytes <= mostBytes, `a used proof takes at most ${mostBytes} bytes`);
  expect(bytes > 7, 'every used proof is there');

  const agents = Array.from({ length: 64 }, () => fixture.createAgent());
  const prove = (/** @type {number} */ count) =>
    Array.from({ length: count }, (_, index) => agents[index % agents.length]?.prove());
  const raced = await race('The same requests to both', 'check', { requests: prove(racedRequests) });
  say(
    `Of ${format(racedRequests)} requests that both were sent, ${format(raced.once ?? 0)} were accepted by exactly one.`,
  );
  expect(raced.once === racedRequests, 'every request is accepted by exactly one of two processes');

  const perSecond = requestsPerSecond / processes.length;
  const paced = await Promise.all(
    processes.map((helper) => helper.ask('pace', { requests: prove(racedRequests / 2), perSecond })),
  );
  for (const [index, { sample, used, p50, p99, refused }] of paced.entries()) {
    await print(`${format(perSecond)} requests/s, process ${index + 1}`, [sample], { used });
    say(`half of them took ${format(p50, 1)} ms at most, 99 of 100 ${format(p99, 1)} ms.`);
    expect(refused === 0, `process ${index + 1}: every request is accepted`);
  }

  for (const helper of processes) helper.stop();
  await redis.stop();
  await fixture.close();
});
