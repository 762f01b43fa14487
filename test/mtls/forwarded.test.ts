import { mkdtemp, rm } from 'node:fs/promises';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type CertifiedTestAgent,
  createTestAgent,
  createTestCertificate,
  createTestClock,
  createTestIssuer,
  type ForwardingDefect,
  forwardingDefects,
  type TestIssuer,
} from '@gatehouse/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { adapters } from '../adapters/adapters.ts';
import { asking, call, type SocketApi, startSocketApi } from './secure-api.ts';

const resource = 'https://api.example';
const clock = createTestClock();
const scope = 'read:data';
let issuer: TestIssuer;
let alice: CertifiedTestAgent;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gatehouse-mtls-'));
  issuer = await createTestIssuer({ audience: resource, clock });
  alice = createTestAgent(issuer, { sub: 'alice', scope }, { certificate: true });
});
afterAll(async () => {
  await issuer.close();
  await rm(directory, { recursive: true });
});

const apis: SocketApi[] = [];
afterEach(async () => {
  await Promise.all(apis.splice(0).map((api) => api.close()));
});

const bearer = async (agent = alice) => ({ authorization: `Bearer ${await agent.token()}` });
const absent = 'ERR_TOKEN_CERTIFICATE_ABSENT';

/** What becomes of a certificate whose forwarding is wrong. */
const expected: Readonly<Record<ForwardingDefect, readonly [status: number, code: string]>> = {
  absent: [401, absent],
  empty: [400, 'ERR_CLIENT_CERT_MALFORMED'],
  'no-bytes': [400, 'ERR_CLIENT_CERT_MALFORMED'],
  'foreign-certificate': [401, 'ERR_TOKEN_CERTIFICATE_MISMATCH'],
  twice: [400, 'ERR_CLIENT_CERT_REPEATED'],
  'foreign-line': [400, 'ERR_CLIENT_CERT_REPEATED'],
  list: [400, 'ERR_CLIENT_CERT_MALFORMED'],
  parameter: [400, 'ERR_CLIENT_CERT_MALFORMED'],
  'bare-base64': [400, 'ERR_CLIENT_CERT_MALFORMED'],
  'one-colon': [400, 'ERR_CLIENT_CERT_MALFORMED'],
  'missing-padding': [400, 'ERR_CLIENT_CERT_MALFORMED'],
  'stray-bits': [400, 'ERR_CLIENT_CERT_MALFORMED'],
  base64url: [400, 'ERR_CLIENT_CERT_MALFORMED'],
  'escaped-pem': [400, 'ERR_CLIENT_CERT_MALFORMED'],
  'pem-bytes': [400, 'ERR_CLIENT_CERT_MALFORMED'],
  'trailing-byte': [400, 'ERR_CLIENT_CERT_MALFORMED'],
  truncated: [400, 'ERR_CLIENT_CERT_MALFORMED'],
  'not-a-certificate': [400, 'ERR_CLIENT_CERT_MALFORMED'],
  'chain-alone': [401, absent],
};

describe.each(adapters)('behind $name', (adapter) => {
  async function start(
    trustedProxies: readonly string[],
    tls?: Parameters<typeof startSocketApi>[2],
    where?: Parameters<typeof startSocketApi>[3],
  ): Promise<SocketApi> {
    const options = { resource, issuers: [issuer.issuer], now: clock.now, trustedProxies };
    const api = await startSocketApi(adapter, options, tls, where);
    apis.push(api);
    return api;
  }

  const codeOf = (api: SocketApi) => api.decisions.at(-1)?.refusal?.code;

  it('Client-Cert of a trusted proxy is the certificate of the client, and the answer is for nobody else [MTL-01 MTL-11]', async () => {
    const api = await start(['127.0.0.1']);
    const answer = await call(`${api.url}/data`, { ...(await bearer()), ...alice.forward() });
    expect(answer).toMatchObject({ status: 200, body: expect.stringContaining('alice') });
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.headers).not.toHaveProperty('client-cert');
    expect(api.decisions[0]?.checks.map(({ source }) => source)).toContain('client-cert-field');
  });

  it.each(forwardingDefects)(
    'Client-Cert of a trusted proxy is refused where it is wrong by %s [MTL-08 MTL-09 MTL-10 MTL-11]',
    async (defect) => {
      const api = await start(['127.0.0.1']);
      const answer = await call(`${api.url}/data`, { ...(await bearer()), ...alice.forward(defect) });
      expect([answer.status, codeOf(api)]).toEqual(expected[defect]);
      expect(answer.headers['cache-control']).toBe('no-store');
      expect(answer.headers).not.toHaveProperty('client-cert');
      const sound = { ...(await bearer()), ...alice.forward() };
      expect((await call(`${api.url}/data`, sound)).status).toBe(200);
    },
  );

  it('Client-Cert of anyone else is as if it were not there, wrong or right [MTL-07]', async () => {
    for (const trusted of [[], ['127.0.0.2', '10.0.0.0/8', '::1', 'unix']]) {
      const api = await start(trusted);
      for (const defect of [undefined, 'twice', 'empty'] as const) {
        const claims = { 'x-forwarded-for': '10.0.0.1', 'x-real-ip': '10.0.0.1', forwarded: 'for=10.0.0.1' };
        await call(`${api.url}/data`, { ...(await bearer()), ...alice.forward(defect), ...claims });
        expect(codeOf(api)).toBe(absent);
      }
    }
  });

  it('the certificate of a trusted proxy itself never counts [MTL-02]', async () => {
    const api = await start(['127.0.0.0/8'], asking);
    const { cert, key } = alice.certificate;
    expect((await call(`${api.url}/data`, await bearer(), { cert, key })).status).toBe(401);
    expect(codeOf(api)).toBe(absent);
    const proxy = createTestCertificate({ name: 'proxy' });
    const forwarded = { ...(await bearer()), ...alice.forward() };
    expect((await call(`${api.url}/data`, forwarded, { cert: proxy.cert, key: proxy.key })).status).toBe(200);
  });

  it('an IPv4 proxy is the same on a socket for IPv6, and an IPv6 proxy is known too [MTL-07]', async () => {
    const dual = { host: '::', port: 0, ipv6Only: false };
    const forwarded = { ...(await bearer()), ...alice.forward() };
    const statuses = async ({ url }: SocketApi) => [
      (await call(`${url}/data`, forwarded)).status,
      (await call(`${url.replace('127.0.0.1', '[::1]')}/data`, forwarded)).status,
    ];
    expect(await statuses(await start(['127.0.0.0/8'], undefined, dual))).toEqual([200, 401]);
    expect(await statuses(await start(['::1'], undefined, dual))).toEqual([401, 200]);
    expect(await statuses(await start(['0.0.0.0/0'], undefined, dual))).toEqual([200, 401]);
    expect(await statuses(await start(['::/0'], undefined, dual))).toEqual([401, 200]);
  });

  it('a proxy on a Unix socket is known as such, and not by an address [MTL-07]', async () => {
    const path = join(directory, adapter.name);
    const forwarded = { ...(await bearer()), ...alice.forward() };
    for (const [trusted, status] of [
      [['unix'], 200],
      [['0.0.0.0/0', '::/0'], 401],
      [[], 401],
    ] as const) {
      const api = await start(trusted, undefined, { path });
      expect((await call('http://localhost/data', forwarded, { socketPath: path })).status).toBe(status);
      await apis.pop()?.close();
      expect(codeOf(api)).toBe(status === 200 ? undefined : absent);
    }
  });

  it('a proxy on a Unix socket may speak TLS [MTL-07]', async () => {
    const path = join(directory, `${adapter.name}-tls`);
    await start(['unix'], asking, { path });
    const forwarded = { ...(await bearer()), ...alice.forward() };
    expect((await call('https://localhost/data', forwarded, { socketPath: path })).status).toBe(200);
  });

  it('a connection of a proxy that is kept carries the requests of many clients [MTL-01]', async () => {
    const api = await start(['127.0.0.1']);
    const bob = createTestAgent(issuer, { sub: 'bob', scope }, { certificate: true });
    const proxy = new Agent({ keepAlive: true, maxSockets: 1 });
    const statuses: number[] = [];
    for (const [agent, from] of [
      [alice, alice],
      [bob, bob],
      [alice, bob],
      [bob, alice],
      [alice, alice],
    ] as const) {
      const headers = { ...(await bearer(agent)), ...from.forward() };
      statuses.push((await call(`${api.url}/data`, headers, { agent: proxy })).status);
    }
    proxy.destroy();
    expect(statuses).toEqual([200, 200, 401, 401, 200]);
  });
});

describe('a certificate', () => {
  it('is decoded up to 16 KiB of base64, where the server takes such fields [MTL-09]', async () => {
    const [adapter] = adapters;
    if (adapter === undefined) throw new Error('There is no adapter.');
    const options = { resource, issuers: [issuer.issuer], now: clock.now, trustedProxies: ['127.0.0.1'] };
    const api = await startSocketApi(adapter, options, undefined, { host: '127.0.0.1', port: 0 }, 65_536);
    apis.push(api);
    const statusOf = async (nameLength: number) => {
      const certificate = createTestCertificate({ name: 'n'.repeat(nameLength) });
      const large = createTestAgent(issuer, { sub: 'alice', scope }, { certificate });
      return (await call(`${api.url}/data`, { ...(await bearer(large)), ...large.forward() })).status;
    };
    expect([await statusOf(5000), await statusOf(7000)]).toEqual([200, 400]);
  });
});
