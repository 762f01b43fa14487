import { createGatehouse } from '@gatehouse/koa';
import Router from '@koa/router';
import Koa from 'koa';

/** An API for agents. In production `resource` is its public URL, and `issuers` names your authorization server. */
export function createApp({ resource, issuers }) {
  const { requireAgent, resourceMetadata } = createGatehouse({ resource, issuers });

  const app = new Koa();
  app.use(resourceMetadata()); // at the root, above every guard
  app.use(requireAgent('read:data')); // everything below needs this scope

  const router = new Router();
  router.get('/data', (ctx) => {
    ctx.body = { onBehalfOf: ctx.agent.sub, actor: ctx.agent.actor.sub, chain: ctx.agent.act };
  });

  // Guards stack: this route needs both scopes, and the token is verified once.
  router.post('/data', requireAgent('write:data'), (ctx) => {
    ctx.status = 201;
    ctx.body = { writtenBy: ctx.state.agent.actor.sub }; // the same agent
  });
  app.use(router.routes());

  return app;
}
