import type { AddressInfo } from 'node:net';
import { createGatehouse, findAgent, writeOutcome } from '@gatehouse/fastify';
import fastify, { type FastifyPluginAsync, type onRequestHookHandler, type RouteHandlerMethod } from 'fastify';
import { type AdapterUnderTest, bodyOf, createRefusal } from './api.ts';

export const fastifyAdapter: AdapterUnderTest = {
  name: 'fastify',
  async start(options, onHandled = () => undefined) {
    const { plugin, requireAgent, optionalAgent, resourceMetadata, check } = createGatehouse(options);
    const answer: RouteHandlerMethod = (request, reply) => {
      onHandled(request.agent);
      return reply.header('x-handled', 'yes').send(bodyOf(request.agent));
    };

    const app = fastify();
    app.register(plugin);
    app.register(resourceMetadata());
    app.get('/open', async (request) => ({ agent: findAgent(request) !== undefined }));
    app.get('/data', { onRequest: requireAgent('read:data') }, answer);
    app.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string' },
      async (_: unknown, body: string) => Object.fromEntries(new URLSearchParams(body)),
    );
    app.post('/data', { preHandler: requireAgent('read:data') }, answer);
    app.all('/any', { onRequest: requireAgent('read:data') }, answer);
    app.get('/both', { onRequest: requireAgent(['read:data', 'write:data']) }, answer);
    const stacked: FastifyPluginAsync = async (scope) => {
      scope.addHook('onRequest', requireAgent('read:data'));
      scope.get('/admin', { onRequest: requireAgent({ scopes: ['admin'], action: 'admin.read' }) }, answer);
    };
    app.register(stacked, { prefix: '/stacked' });
    const mounted: FastifyPluginAsync = async (scope) => {
      scope.get('/data', { onRequest: requireAgent('read:data') }, answer);
    };
    app.register(mounted, { prefix: '/v1' });
    app.get('/optional', { onRequest: optionalAgent('read:data') }, async (request) => {
      const agent = findAgent(request);
      return agent === undefined ? { agent: false } : bodyOf(agent);
    });
    const impostor: onRequestHookHandler = (request, _reply, done) => {
      Object.assign(request, { agent: { sub: 'mallory', actor: { sub: 'mallory' } } });
      done();
    };
    app.get('/impostor', { onRequest: [impostor, optionalAgent()] }, async (request) =>
      'agent' in request ? bodyOf(request.agent) : { agent: false },
    );
    app.get(
      '/owned/:id',
      { onRequest: requireAgent({ allow: (agent, request) => agent.sub === request.params['id'] }) },
      answer,
    );
    const refuse = requireAgent({
      allow: (_agent, request) => {
        throw createRefusal(String(request.params['class']));
      },
    });
    app.get('/refused/:class', { onRequest: refuse }, answer);
    app.get('/checked', async (request, reply) => {
      const outcome = await check(request, 'read:data');
      writeOutcome(reply, outcome);
      return outcome.outcome === 'refused' ? reply : bodyOf(outcome.agent);
    });
    app.get('/throws', { onRequest: requireAgent('read:data') }, () => {
      throw new Error('the handler has a bug');
    });
    const allow = () => {
      throw new Error('the rule has a bug');
    };
    app.get('/broken-rule', { onRequest: requireAgent({ allow }) }, answer);
    app.get('/unguarded', async (request) => request.agent.sub);
    app.setErrorHandler((_error, _request, reply) => reply.code(500).send({ error: 'internal' }));

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
