import { text } from 'node:stream/consumers';
import { createGatehouse, findAgent, type WithAgent, writeOutcome } from '@gatehouse/koa';
import Router from '@koa/router';
import Koa from 'koa';
import mount from 'koa-mount';
import { type AdapterUnderTest, bodyOf, createRefusal, serveApi } from './api.ts';

export const koaAdapter: AdapterUnderTest = {
  name: 'koa',
  start(options, onHandled = () => undefined) {
    const { requireAgent, optionalAgent, resourceMetadata, check } = createGatehouse(options);
    const answer: Koa.Middleware<WithAgent, WithAgent> = (ctx) => {
      onHandled(ctx.agent);
      ctx.set('x-handled', 'yes');
      ctx.body = bodyOf(ctx.state.agent);
    };
    const parseForm: Koa.Middleware = async (ctx, next) => {
      Object.assign(ctx.request, { body: Object.fromEntries(new URLSearchParams(await text(ctx.req))) });
      await next();
    };

    const app = new Koa();
    app.silent = true;
    app.use(resourceMetadata());
    const router = new Router();
    router.get('/open', (ctx) => {
      ctx.body = { agent: findAgent(ctx) !== undefined };
    });
    router.get('/data', requireAgent('read:data'), answer);
    router.post('/data', parseForm, requireAgent('read:data'), answer);
    router.all('/any', requireAgent('read:data'), answer);
    router.get('/both', requireAgent(['read:data', 'write:data']), answer);
    const stacked = new Router();
    stacked.use(requireAgent('read:data'));
    stacked.get('/admin', requireAgent({ scopes: ['admin'], action: 'admin.read' }), answer);
    router.use('/stacked', stacked.routes());
    const inner = new Router();
    inner.get('/data', requireAgent('read:data'), answer);
    app.use(mount('/v1', new Koa().use(inner.routes())));
    router.get('/optional', optionalAgent('read:data'), (ctx) => {
      const agent = findAgent(ctx);
      ctx.body = agent === undefined ? { agent: false } : bodyOf(agent);
    });
    const impostor: Koa.Middleware = (ctx, next) => {
      ctx['agent'] = ctx.state.agent = { sub: 'mallory', actor: { sub: 'mallory' } };
      return next();
    };
    router.get('/impostor', impostor, optionalAgent(), (ctx) => {
      const agent = ctx['agent'] ?? ctx.state.agent;
      ctx.body = agent === undefined ? { agent: false } : bodyOf(agent);
    });
    router.get('/owned/:id', requireAgent({ allow: (agent, ctx) => agent.sub === ctx['params'].id }), answer);
    const refuse = requireAgent({
      allow: (_agent, ctx) => {
        throw createRefusal(ctx['params'].class);
      },
    });
    router.get('/refused/:class', refuse, answer);
    router.get('/checked', async (ctx) => {
      const outcome = await check(ctx, 'read:data');
      writeOutcome(ctx, outcome);
      if (outcome.outcome !== 'refused') ctx.body = bodyOf(outcome.agent);
    });
    router.get('/throws', requireAgent('read:data'), () => {
      throw new Error('the handler has a bug');
    });
    const allow = () => {
      throw new Error('the rule has a bug');
    };
    router.get('/broken-rule', requireAgent({ allow }), answer);
    router.get('/unguarded', (ctx) => {
      ctx.body = ctx['agent'].sub;
    });
    app.use(router.routes());
    return serveApi(app.callback());
  },
};
