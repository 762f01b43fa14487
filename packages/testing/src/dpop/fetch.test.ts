import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodeJwt, type JWTPayload } from 'jose';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTestAgent, type DpopTestAgent } from '../agent.ts';
import { createTestIssuer, type TestIssuer } from '../issuer.ts';
import { proofDefects } from './proof-defects.ts';

interface Arrival {
  readonly method: string;
  readonly token: string;
  readonly proof: JWTPayload;
  readonly body: string;
}

interface TestServer {
  readonly origin: string;
  readonly arrivals: Arrival[];
}

const servers: Server[] = [];
let issuer: TestIssuer;
let agent: DpopTestAgent;

beforeEach(async () => {
  issuer = await createTestIssuer({ audience: 'https://api.example.com' });
  agent = createTestAgent(issuer, { sub: 'alice' }, { dpop: true });
});
afterEach(async () => {
  await issuer.close();
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

/** A server that records what arrives, and answers as it is told. */
async function serve(answer: (arrival: Arrival, response: ServerResponse) => void): Promise<TestServer> {
  const arrivals: Arrival[] = [];
  const origin = await listen(async (request, response) => {
    const arrival = { ...credentialsIn(request), method: String(request.method), body: await bodyOf(request) };
    arrivals.push(arrival);
    answer(arrival, response);
  });
  return { origin, arrivals };
}

async function listen(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A server that accepts proofs with one of these nonces only, and hands out the last of them. */
function serveWithNonces(...nonces: readonly string[]): Promise<TestServer> {
  return serve(({ proof }, response) => {
    response.setHeader('dpop-nonce', nonces.at(-1) ?? '');
    if (!nonces.includes(String(proof['nonce']))) refuse(response, 'use_dpop_nonce');
    response.end('data');
  });
}

function refuse(response: ServerResponse, error: string): void {
  response.statusCode = 401;
  response.setHeader('www-authenticate', ['Bearer', `DPoP error="${error}", algs="ES256"`]);
}

function credentialsIn({ headersDistinct }: IncomingMessage): { readonly token: string; readonly proof: JWTPayload } {
  const { authorization = [], dpop = [] } = headersDistinct;
  expect([authorization.length, dpop.length]).toEqual([1, 1]);
  return { token: /^DPoP (\S+)$/.exec(String(authorization))?.[1] ?? '', proof: decodeJwt(String(dpop)) };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) body += chunk;
  return body;
}

const noncesOf = ({ arrivals }: TestServer): unknown[] => arrivals.map(({ proof }) => proof['nonce']);

test('sends a bound token and a proof of its own with every request', async () => {
  const server = await serve((_, response) => response.end());
  await agent.fetch(`${server.origin}/data?page=2`);
  await agent.fetch(`${server.origin}/data?page=2`);
  const [one, other] = server.arrivals;
  expect(decodeJwt(String(one?.token))).toMatchObject({ sub: 'alice', cnf: { jkt: await agent.thumbprint() } });
  expect(one?.proof).toMatchObject({ htm: 'GET', htu: `${server.origin}/data` });
  const expected = decodeJwt(await agent.proof({ method: 'GET', url: server.origin, token: String(one?.token) }));
  expect(one?.proof['ath']).toBe(expected['ath']);
  expect(one?.proof.jti).not.toBe(other?.proof.jti);
  expect(one?.token).not.toBe(other?.token);
});

test('keeps method, headers and body, and replaces credentials', async () => {
  const server = await serve((_, response) => response.end());
  const headers = { 'content-type': 'text/plain', authorization: 'Bearer mine', dpop: 'mine' };
  const init = { method: 'put', headers, body: 'content' };
  await agent.fetch(`${server.origin}/a`, init);
  await agent.fetch(new Request(`${server.origin}/b`, init));
  await agent.fetch(new URL(`${server.origin}/c`), init);
  expect(server.arrivals).toMatchObject(
    ['a', 'b', 'c'].map((path) => ({
      method: 'PUT',
      body: 'content',
      proof: { htm: 'PUT', htu: `${server.origin}/${path}` },
    })),
  );
});

test('answers a nonce challenge with a new proof for the same token and body', async () => {
  const server = await serveWithNonces('n-1');
  const response = await agent.fetch(server.origin, { method: 'POST', body: 'content' });
  expect([response.status, await response.text()]).toEqual([200, 'data']);
  const [first, second] = server.arrivals;
  expect(noncesOf(server)).toEqual([undefined, 'n-1']);
  expect(second).toMatchObject({ method: 'POST', body: 'content', token: first?.token });
  expect(second?.proof.jti).not.toBe(first?.proof.jti);
});

test('takes the newest nonce of any response', async () => {
  const nonces = ['n-1'];
  const server = await serve((_, response) => response.setHeader('dpop-nonce', nonces.at(-1) ?? '').end());
  await agent.fetch(server.origin);
  nonces.push('n-2');
  await agent.fetch(server.origin);
  await agent.fetch(server.origin);
  expect(noncesOf(server)).toEqual([undefined, 'n-1', 'n-2']);
});

test('keeps the nonces of two origins apart', async () => {
  const [one, other] = [await serveWithNonces('n-1'), await serveWithNonces('n-2')];
  await agent.fetch(one.origin);
  await agent.fetch(other.origin);
  await agent.fetch(one.origin);
  expect(noncesOf(one)).toEqual([undefined, 'n-1', 'n-1']);
  expect(noncesOf(other)).toEqual([undefined, 'n-2']);
});

test('hands the second nonce challenge to the caller', async () => {
  const server = await serve((_, response) => {
    response.setHeader('dpop-nonce', `n-${server.arrivals.length}`);
    refuse(response, 'use_dpop_nonce');
    response.end();
  });
  const response = await agent.fetch(server.origin);
  expect([response.status, response.headers.get('dpop-nonce')]).toEqual([401, 'n-2']);
  expect(noncesOf(server)).toEqual([undefined, 'n-1']);
});

test.each([
  ['another error', 'invalid_dpop_proof', 'n-1'],
  ['a challenge without a nonce', 'use_dpop_nonce', undefined],
])('sends nothing twice for %s', async (_, error, nonce) => {
  const server = await serve((_arrival, response) => {
    if (nonce !== undefined) response.setHeader('dpop-nonce', nonce);
    refuse(response, error);
    response.end();
  });
  expect((await agent.fetch(server.origin)).status).toBe(401);
  expect(server.arrivals).toHaveLength(1);
});

test('gives headers the nonce that it would send itself', async () => {
  const server = await serveWithNonces('n-1');
  const request = { method: 'GET', url: `${server.origin}/data` };
  const nonceIn = async (options?: { readonly nonce: string }) =>
    decodeJwt((await agent.headers({ ...request, ...options })).dpop)['nonce'];
  expect(await nonceIn()).toBeUndefined();
  await agent.fetch(request.url);
  expect(await nonceIn()).toBe('n-1');
  expect(await nonceIn({ nonce: 'mine' })).toBe('mine');
  expect((await fetch(request.url, { headers: await agent.headers(request) })).status).toBe(200);
});

test('sends what defects make of a proof as it is written', async () => {
  const received: unknown[] = [];
  const url = await listen(({ headersDistinct }, response) => {
    received.push(headersDistinct['dpop']);
    response.end();
  });
  for (const defect of proofDefects) {
    const headers = await agent.headers({ method: 'GET', url }, { defect });
    expect((await fetch(url, { headers })).status).toBe(200);
    expect(received.pop()).toEqual([headers.dpop]);
  }
});
