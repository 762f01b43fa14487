import type { AddressInfo } from 'node:net';
import { createGatehouse as createForExpress } from '@gatehouse/express';
import { createGatehouse as createForFastify } from '@gatehouse/fastify';
import { createGatehouse as createForKoa } from '@gatehouse/koa';
import Router from '@koa/router';
import express, { Router as ExpressRouter, type RequestHandler } from 'express';
import fastify, { type FastifyPluginAsync } from 'fastify';
import Koa from 'koa';
import mount from 'koa-mount';
import { type ApiOptions, type RunningApi, serveApi } from './api.ts';

/**
 * An API whose only question is which route a target finds. A guard stands above all of them: GET /, GET /data,
 * GET /item/:id, GET /v1/data in a mounted application, and GET of anything else.
 *
 * Each framework believes what fields say of hosts and addresses, which must make no difference to a guard.
 *
 * The answer is a text: the route, and behind a space the parameter that its router has decoded.
 */
export interface RouterUnderTest {
  readonly name: 'express' | 'koa' | 'fastify';
  start(options: ApiOptions): Promise<RunningApi>;
}

const textOfRoute = (route: string, parameter?: unknown) =>
  parameter === undefined ? route : `${route} ${Array.isArray(parameter) ? parameter.join('/') : parameter}`;

const expressRouter: RouterUnderTest = {
  name: 'express',
  start(options) {
    const { requireAgent } = createForExpress(options);
    const answer =
      (route: string): RequestHandler =>
      ({ params }, res) => {
        res.send(textOfRoute(route, params['id'] ?? params['rest']));
      };
    const mounted = ExpressRouter().get('/data', answer('mounted'));
    const app = express()
      .set('trust proxy', true)
      .use(requireAgent())
      .get('/', answer('root'))
      .get('/data', answer('data'))
      .get('/item/:id', answer('item'))
      .use('/v1', mounted)
      .get('/*rest', answer('rest'));
    return serveApi(app);
  },
};

const koaRouter: RouterUnderTest = {
  name: 'koa',
  start(options) {
    const { requireAgent } = createForKoa(options);
    const answer =
      (route: string): Koa.Middleware =>
      (ctx) => {
        const { id, rest } = ctx['params'];
        ctx.body = textOfRoute(route, id ?? rest);
      };
    const mounted = new Koa().use(new Router().get('/data', answer('mounted')).routes());
    const router = new Router()
      .get('/', answer('root'))
      .get('/data', answer('data'))
      .get('/item/:id', answer('item'))
      .get('/{*rest}', answer('rest'));
    const app = new Koa({ proxy: true }).use(requireAgent()).use(mount('/v1', mounted)).use(router.routes());
    app.silent = true;
    return serveApi(app.callback());
  },
};

const fastifyRouter: RouterUnderTest = {
  name: 'fastify',
  async start(options) {
    const { plugin, requireAgent } = createForFastify(options);
    const app = fastify({ trustProxy: true });
    app.register(plugin);
    app.addHook('onRequest', requireAgent());
    app.get('/', async () => textOfRoute('root'));
    app.get('/data', async () => textOfRoute('data'));
    app.get<{ Params: { id: string } }>('/item/:id', async ({ params }) => textOfRoute('item', params.id));
    const mounted: FastifyPluginAsync = async (scope) => {
      scope.get('/data', async () => textOfRoute('mounted'));
    };
    app.register(mounted, { prefix: '/v1' });
    app.get<{ Params: { '*': string } }>('/*', async ({ params }) => textOfRoute('rest', params['*']));
    await app.listen({ port: 0, host: '127.0.0.1' });
    return {
      server: app.server,
      url: `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`,
      async close() {
        app.server.closeAllConnections();
        await app.close();
      },
    };
  },
};

export const routers: readonly RouterUnderTest[] = [expressRouter, koaRouter, fastifyRouter];
