import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { createTestIssuer } from '@gatehouse/testing';
import { startRedis } from './redis.mjs';

const rounds = 100;
const resource = 'https://api.example';
const redis = await startRedis();
const issuer = await createTestIssuer({ audience: resource });

const env = {
  ...process.env,
  RESOURCE: resource,
  ISSUER: issuer.issuer,
  REDIS_PORT: String(redis.port),
  REVOCATION_KEY: randomBytes(32).toString('base64'),
};
const processes = Array.from({ length: 3 }, () => fork(new URL('server.mjs', import.meta.url), { env }));
const urls = (await Promise.all(processes.map((child) => once(child, 'message')))).map(([url]) => url);
const [first, ...others] = urls;
console.log(`${urls.length} processes of one API, one Redis.`);

const connections = new Agent({ keepAlive: true });

/** The status of an answer, and its body. */
async function send(url, token, { method = 'GET', body } = {}) {
  const headers = { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) };
  const sent = request(url, { method, headers, agent: connections }).end(body && JSON.stringify(body));
  const [response] = await once(sent, 'response');
  return { status: response.statusCode, body: await text(response) };
}

const tokenOf = (task) => issuer.token({ sub: 'alice', client_id: 'assistant', task_id: task, scope: 'read:data' });

// Others go on all the while: what is revoked is none of theirs.
const bystanding = new AbortController();
let served = 0;
const bystanders = urls.map(async (url) => {
  const token = await tokenOf('another task');
  while (!bystanding.signal.aborted) {
    assert.equal((await send(`${url}/data`, token)).status, 200);
    served += 1;
    await setTimeout(2);
  }
});

/** How many calls it takes until one is refused. */
async function callUntilRefused(url, token, calls = 1) {
  const { status } = await send(`${url}/data`, token);
  if (status === 401) return calls;
  assert.equal(status, 200);
  assert.ok(calls < 10_000, 'the token is still accepted');
  return callUntilRefused(url, token, calls + 1);
}

/** Ends a task in one process, and waits until another one refuses its token: how long that took, in milliseconds. */
async function measure(url) {
  const task = randomUUID();
  const token = await tokenOf(task);
  assert.equal((await send(`${url}/data`, token)).status, 200);

  const startedAt = performance.now();
  const revoked = send(`${first}/revocations`, token, { method: 'POST', body: { task, reason: 'done' } });
  const calls = await callUntilRefused(url, token);
  const milliseconds = performance.now() - startedAt;
  assert.equal((await revoked).status, 201);
  return { milliseconds, calls };
}

const delays = [];
for (let round = 0; round < rounds; round += 1) {
  const { milliseconds, calls } = await measure(others[round % others.length]);
  delays.push(milliseconds);
  if (round === 0) console.log(`A task ends in one process; call ${calls} to another one is the first to be refused.`);
}
bystanding.abort();
await Promise.all(bystanders);

const sorted = delays.toSorted((one, other) => one - other);
const at = (share) => sorted[Math.ceil(share * sorted.length) - 1].toFixed(1);
console.log(`From the request to revoke to the refusal in another process, ${rounds} times, under load:`);
console.log(`half within ${at(0.5)} ms, 99 of 100 within ${at(0.99)} ms, all within ${at(1)} ms.`);
console.log(`Meanwhile ${served} calls of other tasks were served, and none was refused.`);

// A process that starts later knows it, too.
const late = fork(new URL('server.mjs', import.meta.url), { env });
const [url] = await once(late, 'message');
const task = randomUUID();
const token = await tokenOf(task);
assert.equal((await send(`${first}/revocations`, token, { method: 'POST', body: { task } })).status, 201);
assert.equal((await send(`${first}/data`, token)).status, 401);
await callUntilRefused(url, token);
console.log('A process that started later refuses as well.');

connections.destroy();
for (const child of [...processes, late]) child.disconnect();
await Promise.all([...processes, late].map((child) => once(child, 'exit')));
await issuer.close();
await redis.stop();
console.log('Everything was as expected.');
