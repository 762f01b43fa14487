import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createTestCertificate, type TestCertificate } from '@gatehouse/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isNginxHere, type SiteName } from './nginx.ts';
import { type Proxied, startProxied, upstreams } from './proxied.ts';

/** What the field of RFC 9440 §2.2 says of a certificate. */
const fieldOf = ({ der }: TestCertificate) => `:${Buffer.from(der).toString('base64')}:`;

describe.skipIf(!isNginxHere).each(upstreams)('behind the nginx of the page, over %s, an API', (upstream) => {
  const seen: IncomingMessage[] = [];
  let server: Server;
  let proxied: Proxied;

  beforeAll(async () => {
    server = createServer((message, response) => {
      seen.push(message);
      response.setHeader('content-length', 0).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    proxied = await startProxied(server, upstream);
  });
  afterAll(async () => {
    await proxied.close();
    server.close();
  });
  beforeEach(() => {
    seen.length = 0;
  });

  /** The target that arrives, or the status of a refusal. */
  async function targetOf(site: SiteName, target: string): Promise<string | undefined> {
    seen.length = 0;
    const { statusLine } = await proxied.send(site, [`GET ${target} HTTP/1.1`]);
    const [message] = seen;
    return message === undefined ? statusLine.split(' ')[1] : message.url;
  }

  it.each([
    '/',
    '/data?a=b',
    '/a%2Fb',
    '/a//b',
    '/%7Eu/%7eu',
    '/a;b=c',
    '/v1/../data',
    '/v1/%2e%2e/data',
    "/it's[0]|^",
    '/a\\b',
    '/data#a',
  ])('receives %s as it was sent', async (target) => {
    expect(await targetOf('api.example.com', target)).toBe(target);
  });

  it('receives a target in absolute form without its origin, whatever that is', async () => {
    for (const origin of ['https://api.example.com', 'http://api.example.com:8080', 'https://evil.example']) {
      expect(await targetOf('api.example.com', `${origin}/a%2Fb?c`)).toBe('/a%2Fb?c');
    }
    expect(await targetOf('api.example.com', 'https://api.example.com')).toBe('/');
    expect(await targetOf('api.example.com', 'https://api.example.com?a=/b')).toBe('/?a=/b');
  });

  it.each([
    ['/api', '/'],
    ['/api?a=b', '/?a=b'],
    ['/api/', '/'],
    ['/api/data', '/data'],
    ['/api/data?a=/api/b', '/data?a=/api/b'],
    ['/api/a%2Fb//c;d', '/a%2Fb//c;d'],
    ['/api/%7Eu/%7eu', '/%7Eu/%7eu'],
    ['/api/api/data', '/api/data'],
    ['/api/v1/../data', '/v1/../data'],
    ['https://gateway.example.com/api/data?a', '/data?a'],
    ['https://evil.example/api', '/'],
    ['/.well-known/oauth-protected-resource/api?a', '/.well-known/oauth-protected-resource/api?a'],
  ])('receives %s without its prefix as %s', async (target, expected) => {
    expect(await targetOf('gateway.example.com', target)).toBe(expected);
  });

  it.each([
    '/',
    '/data',
    '/apix',
    '/API/data',
    '/%61pi/data',
    '//api/data',
    '/x/../api/data',
    '/api/../data',
    '/api/%2e%2e/data',
    '/api\\data',
  ])('receives nothing of %s, which is below the prefix at most once it is decoded', async (target) => {
    expect(await targetOf('gateway.example.com', target)).toBe('404');
  });

  const hostile = [
    'Client-Cert: :AAAA:',
    'client-cert: :BBBB:',
    'Client-Cert-Chain: :AAAA:',
    'Client_Cert: :AAAA:',
    'Forwarded: for=192.0.2.1;host=evil.example;proto=https',
    'X-Forwarded-For: 192.0.2.1',
    'X-Forwarded-Host: evil.example',
    'X-Forwarded-Proto: http',
    'X-Forwarded-Proto: ftp',
  ];

  it.each(['api.example.com', 'gateway.example.com'] as const)(
    'of %s receives no field of those that a client may not write',
    async (site) => {
      await proxied.send(site, ['GET /api/data HTTP/1.1', ...hostile]);
      expect(seen[0]?.headersDistinct).toEqual({
        host: [site],
        'x-forwarded-for': ['unix:'],
        'x-forwarded-host': [site],
        'x-forwarded-proto': ['https'],
      });
    },
  );

  it('receives the certificate that the client has shown, in place of what the client wrote', async () => {
    const certificate = createTestCertificate();
    const { cert, key } = certificate;
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const tls = { cert, key, minVersion: version, maxVersion: version };
      for (const site of ['api.example.com', 'gateway.example.com'] as const) {
        seen.length = 0;
        await proxied.send(site, ['GET /api/data HTTP/1.1', ...hostile], tls);
        expect(seen[0]?.headersDistinct['client-cert']).toEqual([fieldOf(certificate)]);
        expect(seen[0]?.headersDistinct['client-cert-chain']).toBeUndefined();
      }
    }
  });

  it('receives certificates of any length up to 64 lines of PEM, and longer ones as none, at once', async () => {
    const lengths = [];
    for (const length of [1, 100, 1000, ...Array.from({ length: 12 }, (_, index) => 1300 + 12 * index), 10_000]) {
      const certificate = createTestCertificate({ name: 'a'.repeat(length) });
      const { cert, key } = certificate;
      seen.length = 0;
      await proxied.send('api.example.com', ['GET /data HTTP/1.1'], { cert, key });
      const lines = cert.trim().split('\n').length - 2;
      const expected = lines <= 64 ? [fieldOf(certificate)] : undefined;
      expect([lines, seen[0]?.headersDistinct['client-cert']]).toEqual([lines, expected]);
      lengths.push(lines);
    }
    expect(lengths).toEqual(expect.arrayContaining([63, 64, 65]));
  });

  it('receives many requests on one connection, those of other clients included', async () => {
    for (let count = 0; count < 5; count += 1) {
      await proxied.send('api.example.com', ['GET /data HTTP/1.1']);
    }
    expect(new Set(seen.map(({ socket }) => socket)).size).toBe(1);
  });
});
