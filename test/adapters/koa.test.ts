import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import {
  connect,
  createServer,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
  type OutgoingHttpHeaders,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Decision } from '@gatehouse/core';
import { createGatehouse, findAgent } from '@gatehouse/koa';
import { createTestIssuer, type TestIssuer } from '@gatehouse/testing';
import Router from '@koa/router';
import express from 'express';
import Koa from 'koa';
import mount from 'koa-mount';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RunningApi, serveApi } from './api.ts';
import { exchange, linesOf, type RawAnswer, textOf } from './exchange.ts';

const resource = 'https://api.example';
const metadataPath = '/.well-known/oauth-protected-resource';
let issuer: TestIssuer;
let authorization: string;
let api: RunningApi | undefined;
let decisions: Decision[];
let gatehouse: ReturnType<typeof createGatehouse>;

beforeAll(async () => {
  issuer = await createTestIssuer({ audience: resource });
  authorization = `Authorization: Bearer ${await issuer.token({ sub: 'alice', scope: 'read:data' })}`;
});
afterAll(() => issuer.close());
beforeEach(() => {
  decisions = [];
  gatehouse = createGatehouse({
    resource,
    issuers: [issuer.issuer],
    onDecision: (decision) => void decisions.push(decision),
  });
});
afterEach(() => api?.close());

type Served = RequestListener | { callback(): RequestListener };

async function send(app: Served, requestLine: string, ...fields: string[]): Promise<RawAnswer> {
  api = await serveApi('callback' in app ? app.callback() : app);
  const [answer] = await exchange(api.url, [`${requestLine} HTTP/1.1`, ...fields]);
  if (answer === undefined) throw new Error('The server closed the connection.');
  return answer;
}

const answerSubject: Koa.Middleware = (ctx) => {
  ctx.body = findAgent(ctx)?.sub;
};

describe('a refusal in Koa', () => {
  it('is an answer like any other to the middleware above the guard', async () => {
    const seen: unknown[] = [];
    const app = new Koa();
    app.use(async (ctx, next) => {
      await next();
      seen.push(ctx.status, JSON.parse(String(ctx.body)).error, ctx.response.get('www-authenticate').length > 0);
      ctx.set('x-request-id', '1');
    });
    app.use(gatehouse.requireAgent('admin'));
    const answer = await send(app, 'GET /', authorization);
    expect(answer.statusLine).toBe('HTTP/1.1 403 Forbidden');
    expect(linesOf(answer, 'x-request-id')).toEqual(['1']);
    expect(seen).toEqual([403, 'insufficient_scope', true]);
  });

  it('is written, even where the route had taken the writing from Koa', async () => {
    const app = new Koa();
    app.use((ctx, next) => {
      ctx.respond = false;
      return next();
    });
    app.use(gatehouse.requireAgent());
    expect((await send(app, 'GET /')).statusLine).toBe('HTTP/1.1 401 Unauthorized');
  });

  it('does not touch an answer that has begun', async () => {
    const app = new Koa();
    app.use(async (ctx, next) => {
      ctx.respond = false;
      ctx.res.writeHead(200, { 'content-length': 5 }).flushHeaders();
      await next();
      ctx.res.end('begun');
    });
    app.use(gatehouse.requireAgent());
    const answer = await send(app, 'GET /');
    expect(textOf(answer)).toBe('HTTP/1.1 200 OK\ncontent-length: 5\n\nbegun');
  });
});

describe('the metadata in Koa', () => {
  it('has no body where there is none, whatever type was set before', async () => {
    const app = new Koa();
    app.use((ctx, next) => {
      ctx.type = 'json';
      return next();
    });
    app.use(gatehouse.resourceMetadata());
    expect(textOf(await send(app, `POST ${metadataPath}`))).toBe(
      'HTTP/1.1 405 Method Not Allowed\naccess-control-allow-origin: *\nallow: GET, HEAD, OPTIONS\ncontent-length: 0\n\n',
    );
  });

  it('is found by the original target, whatever has rewritten it', async () => {
    const app = new Koa();
    app.use((ctx, next) => {
      ctx.path = '/rewritten';
      return next();
    });
    app.use(gatehouse.resourceMetadata());
    expect((await send(app, `GET ${metadataPath}`)).statusLine).toBe('HTTP/1.1 200 OK');
  });

  it('is found in an application that is mounted into another framework', async () => {
    const app = express();
    const inner = new Koa();
    inner.use(gatehouse.resourceMetadata());
    app.use('/.well-known', inner.callback());
    expect((await send(app, `GET ${metadataPath}`)).statusLine).toBe('HTTP/1.1 200 OK');
  });
});

describe('the route of a decision in Koa', () => {
  const requireAgent = () => gatehouse.requireAgent('read:data');
  const routed = (path: string) => {
    const router = new Router();
    router.use(requireAgent());
    router.get(path, requireAgent(), answerSubject);
    return new Koa().use(router.routes());
  };

  it.each([
    ['GET /items/1?a=/items/2', () => routed('/items/:id'), '/items/:id'],
    ['HEAD /items/1', () => routed('/items/:id'), '/items/:id'],
    ['GET /v1/items/1?a', () => new Koa().use(mount('/v1', routed('/items/:id'))), '/v1/items/:id'],
    [
      'GET /v1/in/items/1',
      () => new Koa().use(mount('/v1', new Koa().use(mount('/in', routed('/items/:id'))))),
      '/v1/in/items/:id',
    ],
    ['GET /v1', () => new Koa().use(mount('/v1', routed('/'))), '/v1/'],
    ['GET /v1/', () => new Koa().use(mount('/v1', routed('/'))), '/v1/'],
    ['GET /', () => routed('/'), '/'],
    ['GET http://evil.example/items/1', () => routed('/items/:id'), '/items/:id'],
    ['GET /items/1', () => new Koa().use(requireAgent()).use(answerSubject), undefined],
  ])('is the pattern that matched: %s', async (requestLine, createApp, route) => {
    const answer = await send(createApp(), requestLine, authorization);
    expect(answer.statusLine).toBe('HTTP/1.1 200 OK');
    expect(new Set(decisions.map(({ request }) => request.route))).toEqual(new Set([route]));
  });

  it('is nothing that a rewritten path adds', async () => {
    const app = new Koa();
    app.use((ctx, next) => {
      ctx.path = '/items/1';
      return next();
    });
    app.use(mount('/', routed('/items/:id')));
    await send(app, 'GET /old/1', authorization);
    expect(decisions[0]?.request.route).toBe('/items/:id');
  });
});

it('guards what is served over HTTP/2', async () => {
  const app = new Koa().use(gatehouse.requireAgent('read:data')).use(answerSubject);
  const server = createServer(app.callback()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const ask = async (headers: OutgoingHttpHeaders) => {
    const stream = client.request(headers);
    const [fields] = (await once(stream, 'response')) as [IncomingHttpHeaders & IncomingHttpStatusHeader];
    return { status: fields[':status'], challenge: fields['www-authenticate'], body: await text(stream) };
  };
  const [, token = ''] = authorization.split(': ');
  expect(await ask({ authorization: token })).toEqual({ status: 200, challenge: undefined, body: 'alice' });
  const parameters = `scope="read:data", resource_metadata="${resource}${metadataPath}"`;
  expect(await ask({})).toMatchObject({
    status: 401,
    // Node joins the lines of HTTP/2.
    challenge: `Bearer ${parameters}, DPoP ${parameters}, algs="ES256 EdDSA Ed25519 PS256"`,
    body: expect.stringContaining('"status":401'),
  });
  client.close();
  server.close();
  await once(server, 'close');
});

it('leaves routes of an exclusive router without the guards of that router, which @koa/router does not run', async () => {
  const router = new Router({ exclusive: true });
  router.use(gatehouse.requireAgent());
  router.get('/forgotten', (ctx) => {
    ctx.body = ctx['agent'].sub;
  });
  const app = new Koa().use(router.routes());
  app.silent = true;
  expect((await send(app, 'GET /forgotten', authorization)).statusLine).toBe('HTTP/1.1 500 Internal Server Error');
  expect(decisions).toEqual([]);
});
