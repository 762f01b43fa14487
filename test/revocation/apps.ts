import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { createRevocationEndpoint, type RevocationEndpointOptions, type VerifierOptions } from '@gatehouse/core';
import { createGatehouse as forExpress } from '@gatehouse/express';
import { createGatehouse as forFastify } from '@gatehouse/fastify';
import { createGatehouse as forKoa } from '@gatehouse/koa';
import express from 'express';
import fastify from 'fastify';
import Koa from 'koa';
import { type RunningApi, serveApi } from '../adapters/api.ts';

type Options = Pick<VerifierOptions, 'resource' | 'issuers' | 'now' | 'onDecision' | 'stores' | 'requirement'>;
type Start = (options: Options, endpoint?: RevocationEndpointOptions) => Promise<RunningApi>;

/** An API with the endpoint, and `GET /data` for any agent. */
export const apps: readonly { readonly name: string; readonly start: Start }[] = [
  { name: 'Express', start: startExpress },
  { name: 'Express, behind its parser', start: (...args) => startExpress(...args, [express.json(), express.raw()]) },
  { name: 'Koa', start: startKoa },
  { name: 'Koa, behind a parser', start: (...args) => startKoa(...args, parseJson) },
  { name: 'Fastify', start: startFastify },
];

async function startExpress(
  options: Options,
  endpoint: RevocationEndpointOptions = {},
  parsers: readonly express.RequestHandler[] = [],
): Promise<RunningApi> {
  const { requireAgent, serve, verifier } = forExpress(options);
  const app = express();
  for (const parse of parsers) app.use(parse);
  app.use(serve(createRevocationEndpoint(verifier, endpoint as RevocationEndpointOptions<express.Request>)));
  app.get('/data', requireAgent(), (req, res) => void res.json({ sub: req.agent.sub }));
  return serveApi(app);
}

/** As `koa-bodyparser` and its like do. */
const parseJson: Koa.Middleware = async (ctx, next) => {
  if (ctx.is('json')) Object.assign(ctx.request, { body: JSON.parse(await text(ctx.req)) });
  await next();
};

async function startKoa(
  options: Options,
  endpoint: RevocationEndpointOptions = {},
  parse: Koa.Middleware = (_ctx, next) => next(),
): Promise<RunningApi> {
  const { requireAgent, serve, verifier } = forKoa(options);
  const app = new Koa();
  app.silent = true;
  app.use(parse);
  app.use(serve(createRevocationEndpoint(verifier, endpoint as RevocationEndpointOptions<Koa.Context>)));
  app.use(requireAgent());
  app.use((ctx) => {
    ctx.body = { sub: ctx['agent'].sub };
  });
  return serveApi(app.callback());
}

async function startFastify(options: Options, endpoint: RevocationEndpointOptions = {}): Promise<RunningApi> {
  const { plugin, requireAgent, serve, verifier } = forFastify(options);
  const app = fastify();
  app.register(plugin);
  app.register(serve(createRevocationEndpoint(verifier, endpoint)));
  app.get('/data', { onRequest: requireAgent() }, async (request) => ({ sub: request.agent.sub }));
  await app.listen({ port: 0, host: '127.0.0.1' });
  return {
    server: app.server,
    url: `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`,
    close: () => app.close(),
  };
}
