import { createGatehouse, type MetadataOptions } from '@gatehouse/express';
import { createTestClock } from '@gatehouse/testing';
import express, { type ErrorRequestHandler } from 'express';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exchange, linesOf, type RawAnswer } from '../adapters/exchange.ts';
import { type RunningServer, serve } from './serve.ts';

const wellKnown = '/.well-known/oauth-protected-resource';
const issuers = ['https://as.example/', 'https://AS2.example:443/tenant'];
const clock = createTestClock();

let server: RunningServer;

async function send(requestLine: string, ...fields: string[]): Promise<RawAnswer> {
  const [answer] = await exchange(server.origin, [`${requestLine} HTTP/1.1`, ...fields]);
  if (answer === undefined) throw new Error('no answer');
  return answer;
}

/** What comes with the answer itself, whenever and on whichever connection it is sent. */
function fieldsOf({ fields }: RawAnswer): readonly string[] {
  return fields
    .filter(([name]) => !['date', 'connection', 'keep-alive'].includes(name))
    .map((field) => field.join(': '));
}

function createApi(resource: string, metadata: MetadataOptions = {}) {
  return createGatehouse({ resource, issuers, metadata, now: clock.now });
}

describe('three resources in one application', () => {
  const resources = ['https://api.example', 'https://api.example/v2', 'https://api.example/v2/'];
  const paths = [wellKnown, `${wellKnown}/v2`, `${wellKnown}/v2/`];

  beforeAll(async () => {
    server = await serve(() => {
      const app = express().disable('x-powered-by');
      const apis = resources.map((resource, index) => createApi(resource, { name: `API ${index}` }));
      for (const { resourceMetadata } of apis) app.use(resourceMetadata());
      for (const { requireAgent } of apis) app.use(['/data', '/v2/data'], requireAgent());
      return app;
    });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it('have a document each, under its own path [PRM-01 PRM-02 PRM-03 PRM-04 PRM-05 PRM-08 PRM-10]', async () => {
    for (const [index, path] of paths.entries()) {
      const answer = await send(`GET ${path}`);
      expect(answer.statusLine).toBe('HTTP/1.1 200 OK');
      expect(linesOf(answer, 'content-type')).toEqual(['application/json']);
      expect(answer.body).toBe(
        JSON.stringify({
          resource: resources[index],
          authorization_servers: issuers,
          bearer_methods_supported: ['header'],
          resource_name: `API ${index}`,
          dpop_signing_alg_values_supported: ['ES256', 'EdDSA', 'Ed25519', 'PS256'],
        }),
      );
    }
  });

  it.each([
    ...[`${wellKnown}/`, `${wellKnown}/v2//`, `${wellKnown}//v2`, `/${wellKnown}/v2`, `${wellKnown}/v2/x`],
    ...[`${wellKnown}/v3`, `${wellKnown}/v`, `${wellKnown}/V2`, `${wellKnown}x`, '/.well-known/'],
    ...[
      `/v2${wellKnown}`,
      `/v2/${wellKnown}`,
      `${wellKnown}/v2${wellKnown}/v2`,
      '/.well-known/oauth-authorization-server',
    ],
    ...[
      `${wellKnown}/%762`,
      `${wellKnown}%2Fv2`,
      `${wellKnown}/v2%2F`,
      `${wellKnown}/v2%00`,
      `/%2Ewell-known${paths[1]?.slice(12)}`,
    ],
    ...[`${wellKnown}/x/../v2`, `${wellKnown}/./v2`, `${wellKnown}/v2;a=b`, `${wellKnown}\\v2`, `${wellKnown}/*`],
  ])('leave %s to the application [PRM-05]', async (path) => {
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'POST']) {
      const answer = await send(`${method} ${path}`);
      expect(answer.statusLine).toBe('HTTP/1.1 404 Not Found');
      expect(linesOf(answer, 'cache-control')).toEqual([]);
    }
  });

  it('look at no query [PRM-01 PRM-21]', async () => {
    for (const path of paths) {
      const answer = await send(`GET ${path}?resource=https://evil.example&a=/../b`);
      expect(answer.body).toBe((await send(`GET ${path}`)).body);
      expect((await send(`GET ${path}?`)).statusLine).toBe('HTTP/1.1 200 OK');
    }
  });

  it('answer HEAD with the fields of GET, to the last [PRM-02]', async () => {
    for (const path of paths) {
      const [get, head] = [await send(`GET ${path}`), await send(`HEAD ${path}`)];
      expect(head.statusLine).toBe('HTTP/1.1 200 OK');
      expect(fieldsOf(head)).toEqual(fieldsOf(get));
      expect(fieldsOf(get).map((field) => field.split(':', 1)[0])).toEqual([
        ...['access-control-allow-origin', 'cache-control', 'etag', 'content-type', 'content-length'],
      ]);
      expect(linesOf(get, 'content-length')).toEqual([String(Buffer.byteLength(get.body))]);
    }
  });

  it('answer what is known already with 304, without a body [PRM-23]', async () => {
    const get = await send(`GET ${wellKnown}`);
    const [tag = ''] = linesOf(get, 'etag');
    for (const fields of [[tag], [`W/${tag}`], ['"x"', `"y, z", ${tag}`], ['*']]) {
      for (const method of ['GET', 'HEAD']) {
        const lines = fields.map((value) => `If-None-Match: ${value}`);
        const answer = await send(`${method} ${wellKnown}`, ...lines);
        expect(answer).toMatchObject({ statusLine: 'HTTP/1.1 304 Not Modified', body: '' });
        expect(fieldsOf(answer)).toEqual(fieldsOf(get).filter((field) => !field.startsWith('content-')));
      }
    }
    const [other = ''] = linesOf(await send(`GET ${wellKnown}/v2`), 'etag');
    expect((await send(`GET ${wellKnown}`, `If-None-Match: ${other}`)).statusLine).toBe('HTTP/1.1 200 OK');
  });

  it('leave a connection as good as it was, whatever they answer on it', async () => {
    const [tag = ''] = linesOf(await send(`GET ${wellKnown}`), 'etag');
    const answers = await exchange(
      server.origin,
      [`GET ${wellKnown} HTTP/1.1`, `If-None-Match: ${tag}`],
      [`HEAD ${wellKnown} HTTP/1.1`],
      [`POST ${wellKnown} HTTP/1.1`, '', '{"resource":"https://evil.example"}'],
      [`OPTIONS ${wellKnown} HTTP/1.1`],
      [`GET ${wellKnown} HTTP/1.1`],
    );
    expect(answers.map(({ statusLine }) => statusLine.split(' ')[1])).toEqual(['304', '200', '405', '204', '200']);
  });

  it('let pages of any origin read them, preflights and refusals included [PRM-27]', async () => {
    const origin = 'Origin: https://agent.example';
    const asked = ['Access-Control-Request-Method: GET', 'Access-Control-Request-Headers: mcp-protocol-version'];
    const preflight = await send(`OPTIONS ${wellKnown}/v2`, origin, ...asked);
    expect(preflight).toMatchObject({ statusLine: 'HTTP/1.1 204 No Content', body: '' });
    expect(fieldsOf(preflight)).toEqual([
      'access-control-allow-origin: *',
      'access-control-allow-methods: GET, HEAD, OPTIONS',
      'access-control-allow-headers: *',
      'allow: GET, HEAD, OPTIONS',
    ]);
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
      const refusal = await send(`${method} ${wellKnown}/v2`, origin);
      expect(refusal).toMatchObject({ statusLine: 'HTTP/1.1 405 Method Not Allowed', body: '' });
      expect(linesOf(refusal, 'allow')).toEqual(['GET, HEAD, OPTIONS']);
      expect(linesOf(refusal, 'access-control-allow-origin')).toEqual(['*']);
    }
    expect(linesOf(await send(`GET ${wellKnown}/v2`, origin), 'access-control-allow-origin')).toEqual(['*']);
  });
});

describe('metadata above a guard of everything', () => {
  const resource = 'https://api.example/v2';

  beforeAll(async () => {
    server = await serve(() => {
      const { requireAgent, optionalAgent, resourceMetadata } = createApi(resource);
      const app = express();
      app.use(resourceMetadata());
      app.use(optionalAgent());
      return app.use(requireAgent());
    });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it.each([
    ['no token', []],
    ['a bad token', ['Authorization: Bearer x']],
    ['two tokens', ['Authorization: Bearer x', 'Authorization: Bearer y']],
    ['another scheme', ['Authorization: Basic x']],
  ])('is served with %s, which no guard lets pass [PRM-02]', async (_, fields) => {
    const answer = await send(`GET ${wellKnown}/v2`, ...fields);
    expect(answer.statusLine).toBe('HTTP/1.1 200 OK');
    expect(linesOf(answer, 'www-authenticate')).toEqual([]);
    expect((await send(`OPTIONS ${wellKnown}/v2`, ...fields)).statusLine).toBe('HTTP/1.1 204 No Content');
    for (const path of ['/v2', `${wellKnown}/v2/`, wellKnown]) {
      expect((await send(`GET ${path}`, ...fields)).statusLine).toMatch(/^HTTP\/1\.1 40[01] /);
    }
  });

  it('is the same whatever a caller says about hosts [PRM-21]', async () => {
    const fields = ['X-Forwarded-Host: evil.example', 'X-Forwarded-Proto: http', 'Forwarded: host=evil.example'];
    const [spoofed] = await exchange(server.origin.replace('127.0.0.1', 'localhost'), [
      `GET ${wellKnown}/v2 HTTP/1.1`,
      ...fields,
    ]);
    expect(spoofed?.body).toBe((await send(`GET ${wellKnown}/v2`)).body);
    expect(JSON.parse(spoofed?.body ?? '').resource).toBe(resource);
  });
});

describe('signed metadata', () => {
  const resource = 'https://api.example/v2';
  const state = { calls: 0, reachedApplication: 0 };
  let isDown = false;
  const sign = async (claims: Readonly<Record<string, unknown>>) => {
    state.calls += 1;
    if (isDown) throw new Error('canary: the key service is down');
    return new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).setJti(`${state.calls}`).sign(new Uint8Array(32));
  };

  beforeAll(async () => {
    server = await serve(() => {
      const app = express().use(createApi(resource, { sign }).resourceMetadata());
      const count: ErrorRequestHandler = (_error, _req, res, _next) => {
        state.reachedApplication += 1;
        res.status(500).end();
      };
      return app.use(count);
    });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it('is signed once for many who ask at once, and again after an hour [PRM-15]', async () => {
    expect(state.calls).toBe(0);
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(`GET ${wellKnown}/v2`)));
    expect(new Set(answers.map(({ body }) => body)).size).toBe(1);
    expect(state.calls).toBe(1);
    clock.advance(3600);
    expect((await send(`GET ${wellKnown}/v2`)).body).not.toBe(answers[0]?.body);
    expect(state.calls).toBe(2);
  });

  it('is 503 while its signer fails, without a word of why, and heals [PRM-15 LOG-01]', async () => {
    isDown = true;
    clock.advance(3600);
    const answers = await Promise.all(['GET', 'HEAD', 'GET'].map((method) => send(`${method} ${wellKnown}/v2`)));
    for (const answer of answers) {
      expect(answer).toMatchObject({ statusLine: 'HTTP/1.1 503 Service Unavailable', body: '' });
      expect(linesOf(answer, 'retry-after')).toEqual(['5']);
      expect(linesOf(answer, 'cache-control')).toEqual(['no-store']);
      expect(linesOf(answer, 'access-control-allow-origin')).toEqual(['*']);
      expect(JSON.stringify(answer)).not.toContain('canary');
    }
    expect(state).toEqual({ calls: 3, reachedApplication: 0 });
    isDown = false;
    clock.advance(5);
    const healed = await send(`GET ${wellKnown}/v2`);
    expect(JSON.parse(healed.body)).toMatchObject({ resource, signed_metadata: expect.any(String) });
  });
});
