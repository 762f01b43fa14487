import { constants } from 'node:crypto';
import { once } from 'node:events';
import type { Agent } from 'node:https';
import { connect } from 'node:tls';
import {
  type CertifiedTestAgent,
  createTestAgent,
  createTestCertificate,
  createTestClock,
  createTestIssuer,
  type DpopTestAgent,
  type TestIssuer,
} from '@gatehouse/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { adapters } from '../adapters/adapters.ts';
import { asking, call, createClient, disconnect, type SocketApi, startSocketApi } from './secure-api.ts';

const resource = 'https://api.example';
const clock = createTestClock();
const authority = createTestCertificate({ name: 'authority' });
const scope = 'read:data';
let issuer: TestIssuer;
let alice: CertifiedTestAgent;

beforeAll(async () => {
  issuer = await createTestIssuer({ audience: resource, clock });
  alice = createTestAgent(issuer, { sub: 'alice', scope }, { certificate: true });
});
afterAll(() => issuer.close());

const clients: Agent[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.destroy();
});

/** A client that shows this certificate, or none. */
function clientOf(certificate: { readonly cert: string; readonly key: string } | object = {}): Agent {
  const client = createClient(certificate);
  clients.push(client);
  return client;
}

const bearer = async (agent = alice) => ({ authorization: `Bearer ${await agent.token()}` });

describe.each(adapters)('behind $name', (adapter) => {
  describe.each(['TLSv1.2', 'TLSv1.3'] as const)('over %s', (version) => {
    let api: SocketApi;

    beforeEach(async () => {
      const tls = { ...asking, minVersion: version, maxVersion: version };
      api = await startSocketApi(adapter, { resource, issuers: [issuer.issuer], now: clock.now }, tls);
    });
    afterEach(() => api.close());

    const ask = async (client: Agent, agent = alice) =>
      (await call(`${api.url}/data`, await bearer(agent), { agent: client })).status;
    const codes = () => api.decisions.map(({ refusal }) => refusal?.code);

    it('a token goes with its certificate, which signs itself, and with no other [MTL-01 MTL-02 MTL-06]', async () => {
      expect(await ask(clientOf(alice.certificate))).toBe(200);
      expect(await ask(clientOf(createTestCertificate()))).toBe(401);
      expect(await ask(clientOf())).toBe(401);
      expect(codes()).toEqual([undefined, 'ERR_TOKEN_CERTIFICATE_MISMATCH', 'ERR_TOKEN_CERTIFICATE_ABSENT']);
    });

    it('a token goes with a certificate that an authority has issued, and not with the next one [MTL-01 MTL-06]', async () => {
      const bob = createTestAgent(issuer, { sub: 'bob', scope }, { certificate: createTestCertificate({ authority }) });
      expect(await ask(clientOf(bob.certificate), bob)).toBe(200);
      expect(await ask(clientOf(createTestCertificate({ authority })), bob)).toBe(401);
      expect(await ask(clientOf(authority), bob)).toBe(401);
    });

    it('a connection that is kept says the same for every request, and no more than it did [MTL-01]', async () => {
      const bob = createTestAgent(issuer, { sub: 'bob', scope }, { certificate: true });
      const client = clientOf(alice.certificate);
      expect([await ask(client), await ask(client), await ask(client, bob), await ask(client)]).toEqual([
        200, 200, 401, 200,
      ]);
      expect(api.resumptions).toEqual([false]);
    });

    it('a session that is resumed has the certificate of the handshake that began it [MTL-01]', async () => {
      const client = clientOf(alice.certificate);
      expect(await ask(client)).toBe(200);
      await disconnect(client);
      expect(await ask(client)).toBe(200);
      expect(api.resumptions).toEqual([false, true]);
    });

    it('a session that is resumed has none where that handshake had none, whatever the client has since [MTL-02]', async () => {
      const resume = async (session: Buffer, certificate: object) => {
        const { status } = await call(`${api.url}/data`, await bearer(), { session, ...certificate });
        return [status, api.resumptions.at(-1)];
      };
      expect(await resume(await beginSession(api.url), alice.certificate)).toEqual([401, true]);
      expect(await resume(await beginSession(api.url, createTestCertificate()), alice.certificate)).toEqual([
        401,
        true,
      ]);
      expect(await resume(await beginSession(api.url, alice.certificate), {})).toEqual([200, true]);
    });

    it('Client-Cert of the client itself is nothing [MTL-07]', async () => {
      const headers = { ...(await bearer()), ...alice.forward() };
      expect((await call(`${api.url}/data`, headers, { agent: clientOf() })).status).toBe(401);
      const other = { ...(await bearer()), 'client-cert': [':AAAA:', ''] };
      const answer = await call(`${api.url}/data`, other, { agent: clientOf(alice.certificate) });
      expect([answer.status, answer.headers['cache-control']]).toEqual([200, undefined]);
    });

    it('bearer tokens need no certificate, and mind none', async () => {
      const carol = createTestAgent(issuer, { sub: 'carol', scope });
      const authorization = `Bearer ${await carol.token()}`;
      for (const client of [clientOf(), clientOf(alice.certificate)]) {
        expect((await call(`${api.url}/data`, { authorization }, { agent: client })).status).toBe(200);
      }
    });
  });

  describe('over TLS that does not ask', () => {
    it('nobody has a certificate [MTL-02]', async () => {
      const api = await startSocketApi(adapter, { resource, issuers: [issuer.issuer], now: clock.now }, {});
      const agent = clientOf(alice.certificate);
      expect((await call(`${api.url}/data`, await bearer(), { agent })).status).toBe(401);
      await api.close();
    });

    it('a certificate counts from the renegotiation that asked for it [MTL-01]', async () => {
      const tls = {
        maxVersion: 'TLSv1.2',
        secureOptions: constants.SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION,
      } as const;
      const api = await startSocketApi(adapter, { resource, issuers: [issuer.issuer], now: clock.now }, tls);
      const agent = clientOf(alice.certificate);
      const ask = async () => (await call(`${api.url}/data`, await bearer(), { agent })).status;
      expect(await ask()).toBe(401);
      const connection = api.newestConnection();
      const done = once(connection, 'secure');
      connection.renegotiate({ requestCert: true, rejectUnauthorized: false }, () => undefined);
      await done;
      expect([await ask(), api.resumptions]).toEqual([200, [false]]);
      await api.close();
    });
  });

  describe('a token that is bound to a key and to a certificate', () => {
    let api: SocketApi;
    let both: DpopTestAgent & CertifiedTestAgent;

    beforeAll(async () => {
      api = await startSocketApi(adapter, { resource, issuers: [issuer.issuer], now: clock.now }, asking);
      both = createTestAgent(issuer, { sub: 'alice', scope }, { dpop: true, certificate: true });
    });
    afterAll(() => api.close());

    const proof = { method: 'GET', url: `${resource}/data` };
    const send = (headers: Readonly<Record<string, string>>, certificate: object) =>
      call(`${api.url}/data`, headers, { agent: clientOf(certificate) });

    it('is accepted with both [MTL-05]', async () => {
      expect((await send(await both.headers(proof), both.certificate)).status).toBe(200);
      const sources = api.decisions.at(-1)?.checks.map(({ source }) => source);
      expect(sources).toEqual([expect.any(String), 'tls-connection', 'dpop-proof']);
    });

    it('is refused with either alone, and with another in its place [MTL-05]', async () => {
      const headers = await both.headers(proof);
      const { dpop: _, ...proofless } = headers;
      expect((await send(headers, {})).status).toBe(401);
      expect((await send(headers, createTestCertificate())).status).toBe(401);
      expect((await send(proofless, both.certificate)).status).toBe(401);
      const bearerOnly = { authorization: headers.authorization.replace('DPoP', 'Bearer') };
      expect((await send(bearerOnly, both.certificate)).status).toBe(401);
      const foreign = await both.headers(proof, { defect: 'foreign-jwk' });
      expect((await send(foreign, both.certificate)).status).toBe(401);
    });

    it('uses up no proof when its certificate is refused [MTL-05]', async () => {
      const headers = await both.headers(proof);
      expect((await send(headers, createTestCertificate())).status).toBe(401);
      expect((await send(headers, both.certificate)).status).toBe(200);
      expect((await send(headers, both.certificate)).status).toBe(401);
    });
  });
});

/** A session that the server gives to a client with this certificate, or without one. */
async function beginSession(url: string, certificate: object = {}): Promise<Buffer> {
  const { hostname: host, port } = new URL(url);
  const socket = connect({ host, port: Number(port), rejectUnauthorized: false, ...certificate }).resume();
  const [session] = await once(socket, 'session');
  socket.destroy();
  return session;
}
