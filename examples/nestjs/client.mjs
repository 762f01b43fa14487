import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createTestIssuer } from '@gatehouse/testing';
import { createApp } from './dist/server.js';

// The port comes first: the API and the tokens for it carry its address.
const server = createServer().listen(0, '127.0.0.1');
await once(server, 'listening');
const resource = `http://127.0.0.1:${server.address().port}`;
const issuer = await createTestIssuer({ audience: resource });
const app = await createApp({ resource, issuers: [issuer.issuer] });
await app.init();
server.on('request', app.getHttpAdapter().getInstance());

/** Calls the API, and prints what came back. */
async function call(who, method, token) {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(`${resource}/data`, { method, headers });
  const challenge = response.headers.get('www-authenticate');
  const body = await response.json();
  console.log(`${method} /data, ${who}: ${response.status} ${challenge ?? JSON.stringify(body)}`);
  return { status: response.status, challenge, body };
}

const stranger = await call('without a token', 'GET');
assert.equal(stranger.status, 401);
assert.match(stranger.challenge, /^Bearer scope="read:data", resource_metadata="/);
assert.equal(stranger.body.scope, 'read:data');

// The challenge leads to the metadata, and that to who issues tokens.
const [, metadataUrl] = /resource_metadata="([^"]+)"/.exec(stranger.challenge);
const metadata = await (await fetch(metadataUrl)).json();
assert.equal(metadata.resource, resource);
assert.deepEqual(metadata.authorization_servers, [issuer.issuer]);
console.log(`GET ${metadataUrl}: tokens come from ${metadata.authorization_servers}`);

const alice = { sub: 'alice', client_id: 'assistant' };
const assistant = await call('an assistant for alice', 'GET', await issuer.token({ ...alice, scope: 'read:data' }));
assert.equal(assistant.status, 200);
assert.deepEqual(assistant.body, { onBehalfOf: 'alice', actor: 'assistant' });

const act = { sub: 'researcher', act: { sub: 'assistant' } };
const delegated = await issuer.token({ ...alice, client_id: 'researcher', act, scope: 'read:data write:data' });
const researcher = await call('a researcher through the assistant', 'GET', delegated);
assert.equal(researcher.status, 200);
assert.deepEqual(researcher.body, { onBehalfOf: 'alice', actor: 'researcher', chain: act });

const useless = await call('with another scope', 'GET', await issuer.token({ ...alice, scope: 'write:data' }));
assert.equal(useless.status, 403);
assert.match(useless.challenge, /error="insufficient_scope".* scope="read:data"/);

// Of two guards the second refuses, and names the scopes of both.
const reader = await call('with one scope of two', 'POST', await issuer.token({ ...alice, scope: 'read:data' }));
assert.equal(reader.status, 403);
assert.match(reader.challenge, /error="insufficient_scope".* scope="read:data write:data"/);

const writer = await call('with both', 'POST', delegated);
assert.deepEqual([writer.status, writer.body], [201, { writtenBy: 'researcher' }]);

// What is marked as public needs no token; what is not marked at all needs one.
assert.equal((await fetch(`${resource}/health`)).status, 200);
const details = await fetch(`${resource}/health/details`);
assert.equal(details.status, 401);

// It is the answer of Gatehouse, and not one that Nest made of an exception.
assert.equal(details.headers.get('content-type'), 'application/problem+json');

server.close();
await app.close();
await issuer.close();
console.log('Everything was as expected.');
