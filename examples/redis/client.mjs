import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { createTestAgent, createTestIssuer } from '@gatehouse/testing';
import { findRedis } from './redis.mjs';

const resource = 'https://api.example.com'; // what agents see, in front of the load balancer
const redis = await findRedis();
const issuer = await createTestIssuer({ audience: resource });
const one = await startProcess('one process');
const other = await startProcess('the other process');

async function startProcess(name) {
  const env = { ...process.env, RESOURCE: resource, ISSUER: issuer.issuer, REDIS_URL: redis.url };
  const child = fork(new URL('api.mjs', import.meta.url), { env });
  const [{ port }] = await once(child, 'message');
  return { name, url: `http://127.0.0.1:${port}/data`, stop: () => child.disconnect() };
}

const agent = createTestAgent(issuer, { sub: 'alice', scope: 'read:data' }, { dpop: true });
/** A token, and a proof for one request. */
const sign = () => agent.headers({ method: 'GET', url: `${resource}/data` });

/** Sends a request to a process, as the load balancer would, and prints what came back. */
async function send(what, { name, url }, headers) {
  const response = await fetch(url, { headers });
  const { status } = response;
  const told = response.headers.get('www-authenticate') ?? response.headers.get('retry-after') ?? '';
  console.log(`${what}, to ${name}: ${status} ${told}`);
  return { status, told, body: await response.json() };
}

// Redis may be new, and its past unknown: an agent comes again when it is told to, with a new proof.
let headers;
let first;
do {
  if (first !== undefined) await setTimeout(Number(first.told) * 1000);
  headers = await sign();
  first = await send('A request', one, headers);
} while (first.status === 503);
assert.deepEqual([first.status, first.body], [200, { onBehalfOf: 'alice' }]);

const copy = await send('A copy of it', other, headers);
assert.equal(copy.status, 401);
assert.match(copy.told, /^DPoP error="invalid_dpop_proof"/);

const next = await send('The next request', other, await sign());
assert.equal(next.status, 200);

// All at the same time, half of them to each.
headers = await sign();
const copies = await Promise.all(
  Array.from({ length: 100 }, (_, index) => fetch(index % 2 === 0 ? one.url : other.url, { headers })),
);
const statuses = copies.map(({ status }) => status);
assert.equal(statuses.filter((status) => status === 200).length, 1);
assert.equal(statuses.filter((status) => status === 401).length, 99);
console.log('A hundred copies of one request, half of them to each: one is accepted.');

one.stop();
other.stop();
await issuer.close();
redis.stop();
console.log('Everything was as expected.');
