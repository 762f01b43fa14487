import { createGatehouse } from '@gatehouse/fastify';
import fastify from 'fastify';

/** An API for agents. In production `resource` is its public URL, and `issuers` names your authorization server. */
export function createApp({ resource, issuers }) {
  const { plugin, requireAgent, resourceMetadata } = createGatehouse({ resource, issuers });

  const app = fastify();
  app.register(plugin); // declares `request.agent`
  app.register(resourceMetadata()); // at the root, before the guards
  app.addHook('onRequest', requireAgent('read:data')); // every route of this scope needs it

  app.get('/data', async ({ agent }) => {
    return { onBehalfOf: agent.sub, actor: agent.actor.sub, chain: agent.act };
  });

  // Guards stack: this route needs both scopes, and the token is verified once.
  app.post('/data', { onRequest: requireAgent('write:data') }, async ({ agent }, reply) => {
    reply.code(201);
    return { writtenBy: agent.actor.sub };
  });

  return app;
}
