import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { calculateJwkThumbprint, decodeJwt, decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestAgent } from './agent.ts';
import { createTestIssuer, type TestIssuer } from './issuer.ts';

const server = createServer((request, response) => {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ method: request.method, headers: request.headers }));
});
let url: string;
let issuer: TestIssuer;

beforeAll(async () => {
  issuer = await createTestIssuer({ audience: 'https://api.example.com' });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterAll(async () => {
  await issuer.close();
  server.close();
  server.closeAllConnections();
});

interface Received {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
}

async function received(response: Promise<Response>): Promise<Received> {
  return (await (await response).json()) as Received;
}

const tokenIn = ({ headers }: Received): string => /^Bearer (\S+)$/.exec(headers.authorization ?? '')?.[1] ?? '';

test('makes tokens with its claims, which a call can override', async () => {
  const alice = createTestAgent(issuer, { sub: 'alice', scope: 'read:data' });
  expect(decodeJwt(await alice.token())).toMatchObject({ iss: issuer.issuer, sub: 'alice', scope: 'read:data' });
  expect(decodeJwt(await alice.token({ scope: 'admin' }))).toMatchObject({ sub: 'alice', scope: 'admin' });
  expect(decodeJwt(await alice.token({ scope: undefined }))).not.toHaveProperty('scope');
});

test('sends a fresh token with every request', async () => {
  const agent = createTestAgent(issuer, { sub: 'alice' });
  const one = decodeJwt(tokenIn(await received(agent.fetch(url))));
  const other = decodeJwt(tokenIn(await received(agent.fetch(url))));
  expect([one.sub, other.sub]).toEqual(['alice', 'alice']);
  expect(one.jti).not.toBe(other.jti);
});

test('keeps the method and the headers of the request', async () => {
  const agent = createTestAgent(issuer);
  const init = { method: 'PUT', headers: { 'x-one': '1', authorization: 'Bearer mine' } };
  for (const response of [
    agent.fetch(url, init),
    agent.fetch(new Request(url, init)),
    agent.fetch(new URL(url), init),
  ]) {
    const request = await received(response);
    expect(request).toMatchObject({ method: 'PUT', headers: { 'x-one': '1' } });
    expect(decodeJwt(tokenIn(request)).sub).toBe('user-1');
  }
});

test('can get a token wrong', async () => {
  const agent = createTestAgent(issuer, { sub: 'alice' });
  expect(decodeJwt(await agent.token({ jti: 'token-1' }, { defect: 'missing-audience' }))).not.toHaveProperty('aud');
  expect(decodeProtectedHeader(await agent.token({}, { header: { typ: 'JOSE' } })).typ).toBe('JOSE');
});

test('binds its tokens to a key of its own, unless claims say otherwise', async () => {
  const agent = createTestAgent(issuer, { sub: 'alice' }, { dpop: 'ES384' });
  const { alg, jwk } = decodeProtectedHeader(await agent.proof({ method: 'GET', url }));
  const jkt = await agent.thumbprint();
  expect([alg, await calculateJwkThumbprint(jwk ?? {})]).toEqual(['ES384', jkt]);
  expect(decodeJwt(await agent.token())).toMatchObject({ sub: 'alice', cnf: { jkt } });
  expect(decodeJwt(await agent.token({ cnf: undefined }))).not.toHaveProperty('cnf');
  expect(decodeJwt(await agent.token({}, { defect: 'jkt-padded' }))).toMatchObject({ cnf: { jkt: `${jkt}=` } });
  expect(await createTestAgent(issuer, {}, { dpop: 'ES384' }).thumbprint()).not.toBe(jkt);
});
