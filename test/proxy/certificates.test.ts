import { once } from 'node:events';
import type { TLSSocket } from 'node:tls';
import type { Decision } from '@gatehouse/core';
import { createTestAgent, createTestCertificate, createTestIssuer, type TestIssuer } from '@gatehouse/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RunningApi } from '../adapters/api.ts';
import { converse, exchange, linesOf } from '../adapters/exchange.ts';
import { routers } from '../adapters/routers.ts';
import { isNginxHere } from './nginx.ts';
import { type Proxied, startProxied, upstreams } from './proxied.ts';

const cases = routers.flatMap((router) => upstreams.map((upstream) => ({ ...router, upstream })));
const trusted = { tcp: '127.0.0.1', unix: 'unix' };
const site = 'api.example.com';
const authority = createTestCertificate({ name: 'authority' });

/** A client with a certificate, and a token that is bound to it. */
async function createClient(issuer: TestIssuer, sub: string, claims: Readonly<Record<string, unknown>> = {}) {
  // Alice signs her own; nginx knows the authority of the others no better.
  const { cert, key, der, thumbprint } = createTestCertificate(sub === 'alice' ? {} : { authority });
  const cnf = { 'x5t#S256': thumbprint };
  return {
    tls: { cert, key },
    field: `Client-Cert: :${Buffer.from(der).toString('base64')}:`,
    authorization: `Authorization: Bearer ${await issuer.token({ sub, cnf, ...claims })}`,
    cnf,
  };
}
type Client = Awaited<ReturnType<typeof createClient>>;

describe.skipIf(!isNginxHere).each(cases)('a certificate through nginx to $name over $upstream', (api) => {
  const decisions: Decision[] = [];
  let issuer: TestIssuer;
  let running: RunningApi;
  let proxied: Proxied;
  let alice: Client;
  let mallory: Client;

  const options = () => ({
    resource: 'https://api.example.com',
    issuers: [issuer.issuer],
    trustedProxies: [trusted[api.upstream]],
    onDecision: (decision: Decision) => void decisions.push(decision),
  });

  beforeAll(async () => {
    issuer = await createTestIssuer({ audience: 'https://api.example.com' });
    running = await api.start(options());
    proxied = await startProxied(running.server, api.upstream);
    alice = await createClient(issuer, 'alice');
    mallory = await createClient(issuer, 'mallory');
  });
  afterAll(async () => {
    await proxied.close();
    await running.close();
    await issuer.close();
  });
  beforeEach(() => {
    decisions.length = 0;
  });

  const request = ({ authorization }: Client, ...fields: readonly string[]) => [
    'GET /data HTTP/1.1',
    authorization,
    ...fields,
  ];

  /** What is served to a token over the connection of a client, or the code of the refusal. */
  async function send(tls: object, client: Client, ...fields: readonly string[]): Promise<string> {
    const { body } = await proxied.send(site, request(client, ...fields), tls);
    return decisions.splice(0)[0]?.refusal?.code ?? body;
  }

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'of %s is that of its token, or the token is worth nothing',
    async (version) => {
      const only = { minVersion: version, maxVersion: version };
      expect(await send({ ...alice.tls, ...only }, alice)).toBe('data');
      expect(await send({ ...mallory.tls, ...only }, alice)).toBe('ERR_TOKEN_CERTIFICATE_MISMATCH');
      expect(await send(only, alice)).toBe('ERR_TOKEN_CERTIFICATE_ABSENT');
    },
  );

  it('is not what a client writes of itself', async () => {
    const forged = [
      [alice.field],
      [alice.field, alice.field],
      [alice.field.toLowerCase().replace(/:.*/, alice.field.slice('Client-Cert'.length))],
      [alice.field.replace('-', '_')],
      [alice.field.replace('Client-Cert', 'Client-Cert-Chain')],
      [alice.field.replace('Client-Cert', 'X-SSL-Client-Cert')],
      [`${alice.field}, ${alice.field.slice('Client-Cert: '.length)}`],
    ];
    for (const fields of forged) {
      expect(await send({}, alice, ...fields)).toBe('ERR_TOKEN_CERTIFICATE_ABSENT');
      expect(await send(mallory.tls, alice, ...fields)).toBe('ERR_TOKEN_CERTIFICATE_MISMATCH');
      expect(await send(mallory.tls, mallory, ...fields)).toBe('data');
    }
  });

  it('is that of each client, where clients share a connection to the API', async () => {
    const [first, second, third] = [
      await proxied.open(site, alice.tls),
      await proxied.open(site, mallory.tls),
      await proxied.open(site),
    ];
    const answers = [];
    for (let round = 0; round < 3; round += 1) {
      for (const [connection, client] of [
        [first, alice],
        [second, mallory],
        [second, alice],
        [third, alice],
      ] as const) {
        connection.write(request(client));
        answers.push((await connection.read()).statusLine.split(' ')[1]);
      }
    }
    for (const connection of [first, second, third]) connection.close();
    expect(answers).toEqual(Array(3).fill(['200', '200', '401', '401']).flat());
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('is still there in a resumed session of %s', async (maxVersion) => {
    const open = (session?: Buffer): Promise<TLSSocket> =>
      proxied.connect(site, { ...alice.tls, maxVersion, ...(session && { session }) });
    const first = await open();
    // With TLS 1.3 the session follows the handshake.
    const session = once(first, 'session');
    const connection = converse(first, site);
    connection.write(request(alice));
    await connection.read();
    const [ticket] = maxVersion === 'TLSv1.3' ? await session : [first.getSession()];
    connection.close();

    const second = await open(ticket);
    expect(second.isSessionReused()).toBe(true);
    const resumed = converse(second, site);
    resumed.write(request(alice), request(mallory));
    expect([(await resumed.read()).body, (await resumed.read()).statusLine]).toEqual([
      'data',
      'HTTP/1.1 401 Unauthorized',
    ]);
    resumed.close();
  });

  it('stands beside a proof, where a token asks for both', async () => {
    const agent = createTestAgent(issuer, { sub: 'alice' }, { dpop: true });
    const jkt = await agent.thumbprint();
    const token = await agent.token({ cnf: { ...alice.cnf, jkt } });
    const prove = async (tls: object) => {
      const { authorization, dpop } = await agent.headers({ method: 'GET', url: `https://${site}/data`, token });
      const lines = ['GET /data HTTP/1.1', `Authorization: ${authorization}`, `DPoP: ${dpop}`];
      const { body } = await proxied.send(site, lines, tls);
      return decisions.splice(0)[0]?.refusal?.code ?? body;
    };
    expect(await prove(alice.tls)).toBe('data');
    expect(await prove(mallory.tls)).toBe('ERR_TOKEN_CERTIFICATE_MISMATCH');
    expect(await prove({})).toBe('ERR_TOKEN_CERTIFICATE_ABSENT');
  });

  it('makes answers that nobody may keep', async () => {
    for (const tls of [alice.tls, mallory.tls, {}]) {
      expect(linesOf(await proxied.send(site, request(alice), tls), 'cache-control')).toEqual(['no-store']);
    }
  });

  it('makes no difference to a token that is bound to none', async () => {
    const bearer = await createClient(issuer, 'bob', { cnf: undefined });
    expect(await send({}, bearer)).toBe('data');
    expect(await send(alice.tls, bearer)).toBe('data');
  });

  it('is not believed from a peer that nobody trusts', async () => {
    const trustedProxies = api.upstream === 'tcp' ? ['unix', '192.0.2.1'] : ['127.0.0.0/8', '::1'];
    const wary = await api.start({ ...options(), trustedProxies });
    const through = await startProxied(wary.server, api.upstream);
    const { statusLine } = await through.send(site, request(alice), alice.tls);
    expect([statusLine, decisions[0]?.refusal?.code]).toEqual([
      'HTTP/1.1 401 Unauthorized',
      'ERR_TOKEN_CERTIFICATE_ABSENT',
    ]);
    await through.close();
    await wary.close();
  });

  it('is not believed past the proxy, unless the address of the proxy is that of others', async () => {
    const claims = ['X-Forwarded-For: unix:', 'X-Real-IP: unix:', 'Forwarded: for=unix'];
    const [answer] = await exchange(running.url, request(alice, alice.field, ...claims));
    expect(answer?.statusLine).toBe(api.upstream === 'tcp' ? 'HTTP/1.1 200 OK' : 'HTTP/1.1 401 Unauthorized');
  });
});
