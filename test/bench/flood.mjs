import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createTestIssuer } from '@gatehouse/testing';
import { percentile } from './measure.mjs';

/**
 * A flood of made-up opaque tokens against an API that has to ask its issuer about each, while a few good tokens are used
 * as before. Fails when a good one is refused, a made-up one is not, the issuer is asked too much, or memory grows.
 */

const { values } = parseArgs({ options: { tokens: { type: 'string', default: '1000000' } } });
const floodSize = Number(values.tokens);
const goodPerSecond = 50;
/** Fewer than the calls that are kept for them, so that none has to wait for another. */
const goodTokens = 25;
const cacheSeconds = 1;
/** Few, so that a flood reaches it on any machine. */
const callsPerSecond = 200;
const mebibyte = 2 ** 20;

const resource = 'https://api.example.com';
const tokenPrefix = 'at-';
const issuer = await createTestIssuer({ audience: resource, tokenFormat: 'opaque', tokenPrefix });
const introspection = { ...issuer.introspection, tokenPrefix, cacheSeconds, callsPerSecond };
const options = JSON.stringify({ resource, issuers: [{ issuer: issuer.issuer, introspection }] });
const api = fork(new URL('./flood-server.mjs', import.meta.url), [options], {
  execArgv: ['--expose-gc'],
  env: { ...process.env, NODE_ENV: 'production' },
});
const [{ port }] = await once(api, 'message');
const url = `http://127.0.0.1:${port}/data`;
const agent = new Agent({ keepAlive: true });
// They outlive the flood, however slow the machine is.
const exp = Math.floor(Date.now() / 1000) + 36_000;
const good = await Promise.all(Array.from({ length: goodTokens }, () => issuer.token({ exp })));
/** @type {string[]} */
const faults = [];

try {
  for (const token of good) await send(token);
  await play('No flood', () => wait(5000));
  const recognized = await play('Tokens without the prefix', () => flood(Math.ceil(floodSize / 10), ''));
  expect(recognized.questions <= questionsAboutGood(recognized), 'nobody is asked about a token without the prefix');

  const before = await look();
  const madeUp = await play('Made-up tokens', () => flood(floodSize, tokenPrefix));
  const after = await look();
  const { 401: refused = 0, 503: unavailable = 0 } = madeUp.statuses;
  expect(refused + unavailable === floodSize, 'every made-up token is refused');
  const most = Math.round((callsPerSecond / 2) * (madeUp.seconds + 1));
  expect(refused <= most, `the issuer is asked about at most ${most} made-up tokens`);
  expect(
    madeUp.questions - refused <= questionsAboutGood(madeUp),
    'the issuer is asked about good tokens when it is time',
  );
  const growth = after.heapUsed - before.heapUsed;
  expect(growth < 8 * mebibyte, 'the memory of the API is as it was');

  const format = (/** @type {number} */ bytes) => `${(bytes / mebibyte).toFixed(1)} MiB`;
  console.log(`\nHeap of the API before and after: ${format(before.heapUsed)}, ${format(after.heapUsed)}`);
  console.log(`Resident: ${format(before.rss)}, ${format(after.rss)}`);
  console.log(`Its health says: ${JSON.stringify(after.introspection)}`);
} finally {
  agent.destroy();
  api.disconnect();
  await issuer.close();
}
for (const fault of faults) console.log(`✗ not so: ${fault}`);
process.exitCode = faults.length === 0 ? 0 : 1;

/** @typedef {{ readonly statuses: Readonly<Record<string, number>>, readonly lost: number }} FloodResult */

/**
 * Uses good tokens, at a steady rate, for as long as something else goes on.
 *
 * @param {string} title
 * @param {() => Promise<FloodResult | undefined>} start
 */
async function play(title, start) {
  const askedBefore = issuer.requests.length;
  const startedAt = performance.now();
  /** @type {Promise<{ readonly status: number, readonly milliseconds: number }>[]} */
  const sent = [];
  const timer = setInterval(() => sent.push(send(good[sent.length % goodTokens] ?? '')), 1000 / goodPerSecond);
  const { statuses, lost } = (await start()) ?? { statuses: {}, lost: 0 };
  clearInterval(timer);
  const answers = await Promise.all(sent);
  const seconds = (performance.now() - startedAt) / 1000;
  const questions = issuer.requests.length - askedBefore;

  const times = answers.map(({ milliseconds }) => milliseconds);
  const [p50, p99] = [0.5, 0.99].map((share) => percentile(times, share).toFixed(1));
  const accepted = answers.filter(({ status }) => status === 200).length;
  const others = [...new Set(answers.map(({ status }) => status).filter((status) => status !== 200))];
  console.log(`\n${title}: ${seconds.toFixed(1)} s, answers ${JSON.stringify(statuses)}, questions ${questions}`);
  console.log(
    `  good tokens: ${accepted} of ${answers.length} accepted${others.length === 0 ? '' : ` (others: ${others.join(', ')})`}, p50 ${p50} ms, p99 ${p99} ms`,
  );
  expect(accepted === answers.length, `${title}: good tokens are accepted`);
  expect(lost === 0, `${title}: every request is answered`);
  return { statuses, seconds, questions };
}

/** The most questions that good tokens need in this time. @param {{ readonly seconds: number }} played */
function questionsAboutGood({ seconds }) {
  return goodTokens * Math.ceil(seconds / cacheSeconds + 1);
}

/** @param {number} amount @param {string} prefix @returns {Promise<FloodResult>} */
async function flood(amount, prefix) {
  const load = fork(new URL('./flood-load.mjs', import.meta.url), [url, String(amount), prefix]);
  const [result] = await once(load, 'message');
  return result;
}

/** @param {string} token @returns {Promise<{ readonly status: number, readonly milliseconds: number }>} */
async function send(token) {
  const startedAt = performance.now();
  const request = get(url, { agent, headers: { authorization: `Bearer ${token}` } });
  const [response] = await once(request, 'response');
  response.resume();
  await once(response, 'end');
  return { status: response.statusCode, milliseconds: performance.now() - startedAt };
}

/** Memory, after its garbage is collected, and health of the API. */
async function look() {
  api.send('look');
  const [seen] = await once(api, 'message');
  return seen;
}

/** @param {boolean} holds @param {string} rule */
function expect(holds, rule) {
  if (!holds) faults.push(rule);
}
