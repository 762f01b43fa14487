import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { createJsonFetcher, type JsonFetcher } from './fetch-json.ts';

let server: Server | undefined;
let fetcher: JsonFetcher;
let received: IncomingMessage[];

async function serve(listener: RequestListener, timeoutSeconds = 5): Promise<string> {
  received = [];
  server = createServer((request, response) => {
    received.push(request);
    listener(request, response);
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  fetcher = createJsonFetcher({ fetch: globalThis.fetch, timeoutSeconds });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/document`;
}

function answer(body: string | Uint8Array, contentType = 'application/json', status = 200): RequestListener {
  return (_request, response) => void response.writeHead(status, { 'content-type': contentType }).end(body);
}

const fetchJson = (url: string) => fetcher.run((fetchOne) => fetchOne(url));

afterEach(() => {
  fetcher.close();
  server?.closeAllConnections();
  server?.close();
});

describe('a JSON fetcher', () => {
  it.each(['application/json', 'application/json; charset=utf-8', 'APPLICATION/JSON', 'application/jwk-set+json'])(
    'gives the object in a 200 of the type %s [DSC-05]',
    async (contentType) => {
      const url = await serve(answer('{"a":1}', contentType));
      expect(await fetchJson(url)).toEqual({ a: 1 });
    },
  );

  it('asks for nothing compressed, and reads nothing that is [JWK-09]', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(gzipSync('{}'));
    });
    await expect(fetchJson(url)).rejects.toMatchObject({ kind: 'invalid' });
    expect(received[0]?.headers['accept-encoding']).toBe('identity');
  });

  it('gives up in time on a fetch that does not care about its signal', async () => {
    await serve(answer('{}'));
    const deaf = createJsonFetcher({ fetch: () => new Promise(() => undefined), timeoutSeconds: 0.05 });
    await expect(deaf.run((fetchOne) => fetchOne('https://as.example'))).rejects.toMatchObject({ kind: 'unavailable' });
  });

  it('asks by GET, without cookies or credentials [JWK-09]', async () => {
    const url = await serve(answer('{}'));
    await fetchJson(url);
    expect(received[0]?.method).toBe('GET');
    expect(received[0]?.headers).not.toHaveProperty('cookie');
    expect(received[0]?.headers).not.toHaveProperty('authorization');
  });

  it.each([
    ['another status', 'unavailable', answer('{}', 'application/json', 500)],
    ['no content', 'unavailable', answer('', 'application/json', 204)],
    ['HTML', 'invalid', answer('{}', 'text/html')],
    ['no media type', 'invalid', ((_request, response) => response.end('{}')) as RequestListener],
    ['nothing', 'invalid', answer('')],
    ['truncated JSON', 'invalid', answer('{"a":')],
    ['an array', 'invalid', answer('[]')],
    ['a repeated member', 'invalid', answer('{"a":1,"a":2}')],
    ['invalid UTF-8', 'invalid', answer(new Uint8Array([0x7b, 0xff, 0x7d]))],
    ['a reset connection', 'unavailable', ((request) => request.socket.destroy()) as RequestListener],
  ])('refuses %s as %s [DSC-05]', async (_what, kind, listener) => {
    const url = await serve(listener);
    await expect(fetchJson(url)).rejects.toMatchObject({ name: 'FetchFault', kind });
  });

  it('does not follow redirects [JWK-09]', async () => {
    const url = await serve((_request, response) => void response.writeHead(302, { location: '/elsewhere' }).end());
    await expect(fetchJson(url)).rejects.toMatchObject({ kind: 'unavailable' });
    expect(received).toHaveLength(1);
  });

  it('reads up to 256 KiB, and lets go of what is longer [JWK-09]', async () => {
    const fill = (size: number) => `{"a":"${'x'.repeat(size - 8)}"}`;
    const url = await serve(answer(fill(256 * 1024)));
    expect(await fetchJson(url)).toHaveProperty('a');
    server?.removeAllListeners('request').on('request', answer(fill(256 * 1024 + 1)));
    await expect(fetchJson(url)).rejects.toMatchObject({ kind: 'invalid' });
  });

  it('gives up on an answer that does not come in time [JWK-09]', async () => {
    const url = await serve(() => undefined, 0.05);
    await expect(fetchJson(url)).rejects.toMatchObject({ kind: 'unavailable' });
  });

  it('gives up on a body that does not end in time [JWK-09]', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).write('{');
    }, 0.05);
    await expect(fetchJson(url)).rejects.toMatchObject({ kind: 'unavailable' });
  });

  it('gives all documents of a task one timeout together [JWK-09]', async () => {
    let waiting: ServerResponse | undefined;
    const url = await serve((request, response) => {
      if (request.url === '/document') response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      else waiting = response;
    }, 0.1);
    const startedAt = performance.now();
    const task = fetcher.run(async (fetchOne) => {
      await fetchOne(url);
      await Promise.allSettled([fetchOne(`${url}/never`), fetchOne(`${url}/never`)]);
      return fetchOne(`${url}/never`);
    });
    await expect(task).rejects.toMatchObject({ kind: 'unavailable' });
    expect(performance.now() - startedAt).toBeLessThan(1000);
    expect(waiting).toBeDefined();
  });

  it('ends what is under way when it is closed, and fetches nothing later', async () => {
    const url = await serve(() => fetcher.close());
    await expect(fetchJson(url)).rejects.toMatchObject({ kind: 'unavailable' });
    await expect(fetchJson(url)).rejects.toMatchObject({ kind: 'unavailable' });
    expect(received).toHaveLength(1);
  });
});
