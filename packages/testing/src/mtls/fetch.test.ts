import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { TLSSocket } from 'node:tls';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestAgent } from '../agent.ts';
import { createTestIssuer, type TestIssuer } from '../issuer.ts';
import { createTestCertificate } from './certificate.ts';

const { key, cert } = createTestCertificate();
const server = createServer({ key, cert, requestCert: true, rejectUnauthorized: false }, async (request, response) => {
  const { method, url, headers } = request;
  const shown = (request.socket as TLSSocket).getPeerX509Certificate()?.raw.toString('base64');
  if (url === '/nothing') response.writeHead(204).end();
  else if (url === '/nonce' && nonces-- > 0) {
    response.writeHead(401, { 'dpop-nonce': 'next', 'www-authenticate': 'DPoP error="use_dpop_nonce"' }).end();
  } else {
    response.setHeader('set-cookie', ['a=1', 'b=2']);
    response.writeHead(201, 'Made').end(JSON.stringify({ method, headers, shown, body: await text(request) }));
  }
});
let nonces = 0;

interface Received {
  readonly headers: Record<string, string>;
  readonly shown: string;
}

async function received(response: Promise<Response>): Promise<Received> {
  return (await (await response).json()) as Received;
}

let origin: string;
let issuer: TestIssuer;

beforeAll(async () => {
  issuer = await createTestIssuer({ audience: 'https://api.example.com' });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await issuer.close();
  server.close();
});

test('shows the certificate that the tokens are bound to', async () => {
  const agent = createTestAgent(issuer, { sub: 'alice' }, { certificate: true });
  const { shown, headers } = await received(agent.fetch(`${origin}/`));
  const { der, thumbprint } = agent.certificate;
  expect(shown).toBe(Buffer.from(der).toString('base64'));
  expect(decodeJwt(String(headers['authorization']).replace('Bearer ', ''))).toMatchObject({
    sub: 'alice',
    cnf: { 'x5t#S256': thumbprint },
  });
  expect(decodeJwt(await agent.token({ cnf: undefined }))).not.toHaveProperty('cnf');
});

test('shows one that it was given', async () => {
  const certificate = createTestCertificate({ authority: createTestCertificate({ name: 'authority' }) });
  const agent = createTestAgent(issuer, {}, { certificate });
  const { shown } = await received(agent.fetch(`${origin}/`));
  expect(shown).toBe(Buffer.from(certificate.der).toString('base64'));
});

test('sends what fetch would send, and gives what comes back', async () => {
  const agent = createTestAgent(issuer, {}, { certificate: true });
  const init = { method: 'POST', body: 'four', headers: { 'x-one': '1' } };
  for (const input of [`${origin}/?q`, new URL(`${origin}/?q`), new Request(`${origin}/?q`, init)]) {
    const response = await agent.fetch(input, init);
    expect([response.status, response.statusText, response.url]).toEqual([201, 'Made', `${origin}/?q`]);
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(await response.json()).toMatchObject({ method: 'POST', body: 'four', headers: { 'x-one': '1' } });
  }
  const nothing = await agent.fetch(`${origin}/nothing`);
  expect([nothing.status, nothing.body]).toEqual([204, null]);
});

test('calls nothing but https', async () => {
  const agent = createTestAgent(issuer, {}, { certificate: true });
  await expect(agent.fetch('http://127.0.0.1/')).rejects.toThrow(TypeError);
});

test('with a key as well, binds tokens to both, and takes nonces', async () => {
  nonces = 1;
  const agent = createTestAgent(issuer, {}, { dpop: true, certificate: true });
  const { shown, headers } = await received(agent.fetch(`${origin}/nonce`));
  expect(shown).toBe(Buffer.from(agent.certificate.der).toString('base64'));
  expect(decodeJwt(String(headers['dpop']))).toMatchObject({ nonce: 'next', htu: `${origin}/nonce` });
  expect(decodeJwt(String(headers['authorization']).replace('DPoP ', ''))['cnf']).toEqual({
    jkt: await agent.thumbprint(),
    'x5t#S256': agent.certificate.thumbprint,
  });
});
