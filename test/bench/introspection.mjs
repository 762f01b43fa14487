import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { json } from 'node:stream/consumers';
import { createVerifier } from '@gatehouse/core';
import {
  allowInsecureRequests,
  ClientSecretBasic,
  introspectionRequest,
  processIntrospectionResponse,
} from 'oauth4webapi';
import { fieldsFor, resource, scope } from './fixtures.mjs';
import { listFields } from './gatehouse.mjs';
import { expect } from './in-process.mjs';

/** @typedef {import('./in-process.mjs').Case} Case */

const clientId = 'api-1';
const clientSecret = 'secret-1';
const token = 'opaque-token-opaque-token-opaque';

/**
 * Rows that ask an endpoint about one opaque token again and again, compared with the question alone, which whoever keeps no
 * answer cannot do without.
 *
 * @param {import('./fixtures.mjs').Fixture} fixture
 */
export async function createIntrospectionCases({ issuer: { issuer } }) {
  const now = Math.floor(Date.now() / 1000);
  const times = { iat: now, exp: now + 3600 };
  const answer = { active: true, iss: issuer, aud: resource, sub: 'alice', client_id: 'assistant', scope, ...times };
  const child = fork(new URL('./introspection-endpoint.mjs', import.meta.url), [JSON.stringify(answer)]);
  const [{ port }] = await once(child, 'message');
  const endpoint = `http://127.0.0.1:${port}/introspect`;
  const agent = new Agent({ keepAlive: true });
  /** @type {readonly Case[]} */
  const cases = [
    { name: 'The question alone', run: () => ask(endpoint, agent) },
    { name: 'Gatehouse, asks at every request', run: createGatehouseCheck(issuer, endpoint, 0) },
    { name: 'Gatehouse, asks every ten seconds', run: createGatehouseCheck(issuer, endpoint, 10) },
    { name: 'oauth4webapi', run: createOauth4webapiCheck(issuer, endpoint) },
  ];
  return {
    cases,
    close() {
      agent.destroy();
      child.disconnect();
    },
  };
}

/** @param {string} endpoint @param {Agent} agent */
async function ask(endpoint, agent) {
  const body = `token=${token}`;
  const outgoing = request(endpoint, {
    method: 'POST',
    agent,
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'content-length': body.length },
  }).end(body);
  const [response] = await once(outgoing, 'response');
  const { active } = /** @type {{ readonly active: unknown }} */ (await json(response));
  expect(active === true, 'the endpoint does not know the token');
}

/** @param {string} issuer @param {string} endpoint @param {number} cacheSeconds */
function createGatehouseCheck(issuer, endpoint, cacheSeconds) {
  const clientAuthentication = { method: /** @type {const} */ ('client_secret_basic'), clientId, clientSecret };
  // The most that is possible: the limits of calls are there to be reached by a flood, not by a benchmark.
  const introspection = { clientAuthentication, endpoint, cacheSeconds, callsPerSecond: 100_000 };
  const verifier = createVerifier({ resource, issuers: [{ issuer, introspection }] });
  const guard = { requirement: verifier.prepare(scope), mode: /** @type {const} */ ('require'), route: '/data' };
  return async () => {
    const headers = listFields(fieldsFor(token));
    const { outcome } = await verifier.check({ method: 'GET', target: '/data', headers }, guard);
    expect(outcome === 'accepted', `the verifier answered "${outcome}"`);
  };
}

/** @param {string} issuer @param {string} endpoint */
function createOauth4webapiCheck(issuer, endpoint) {
  const server = { issuer, introspection_endpoint: endpoint };
  const client = { client_id: clientId };
  const authentication = ClientSecretBasic(clientSecret);
  const options = { [allowInsecureRequests]: true };
  return async () => {
    const response = await introspectionRequest(server, client, authentication, token, options);
    const { active, aud } = await processIntrospectionResponse(server, client, response);
    expect(active && aud === resource, 'oauth4webapi returned another token');
  };
}
