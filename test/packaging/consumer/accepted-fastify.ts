/** What a user of Fastify writes: compiled and run against the packages as they are installed. */
import { strict as assert } from 'node:assert';
import {
  type Agent,
  AuthError,
  createGatehouse,
  createVerifier,
  type Decision,
  findAgent,
  type GuardedRequest,
  type Requirement,
  type VerifierOptions,
  writeOutcome,
} from '@gatehouse/fastify';
import { createTestAgent, createTestIssuer } from '@gatehouse/testing';
import fastify, {
  type FastifyInstance,
  type FastifyPluginAsync,
  type FastifyRequest,
  type FastifyTypeProvider,
  type onRequestHookHandler,
  type preHandlerHookHandler,
} from 'fastify';

const resource = 'https://api.example.com';
const issuer = await createTestIssuer({ audience: resource });
const decisions: Decision[] = [];
const options: VerifierOptions<GuardedRequest> = {
  resource,
  issuers: [issuer.issuer],
  onDecision: (decision) => decisions.push(decision),
};
const { plugin, requireAgent, optionalAgent, resourceMetadata, check, verifier } = createGatehouse(options);

const app = fastify();
await app.register(plugin);
await app.register(resourceMetadata());
app.get('/public', { onRequest: optionalAgent() }, async (request) => ({ sub: findAgent(request)?.sub ?? null }));
app.get('/data', { onRequest: requireAgent('read:data') }, async (request) => {
  const agent: Agent = request.agent;
  return { sub: agent.sub, actor: agent.actor.sub, before: request.agent.act?.act?.sub };
});
app.get('/both', { onRequest: [requireAgent(), requireAgent(['read:data', 'write:data'])] }, async () => 'both');

// Rules read the parameters of the path without a cast.
const owned: Requirement<GuardedRequest> = {
  scopes: ['docs:read'],
  action: 'docs.read',
  allow: async (agent, request) => ({ allow: request.params['owner'] === agent.sub, reasons: ['owner'] }),
};
app.get<{ Params: { owner: string } }>('/docs/:owner', { onRequest: requireAgent(owned) }, async (request) => {
  const outcome = await check(request, 'docs:read');
  assert.equal(outcome.outcome, 'accepted');
  return { owner: request.params.owner satisfies string };
});
// What checks is not anonymous: there is an agent, or an answer to send.
app.get<{ Reply: Agent }>('/checked', async (request, reply) => {
  const outcome = await check(request, 'docs:write');
  return outcome.outcome === 'refused' ? writeOutcome(reply, outcome) : outcome.agent;
});

// Guards of whole scopes, in plugins of any style.
const scoped: FastifyPluginAsync = async (scope: FastifyInstance) => {
  scope.addHook('onRequest', requireAgent({ allow: (agent, { params }) => params['owner'] === agent.sub }));
  scope.addHook('preHandler', requireAgent());
  scope.route({ method: 'GET', url: '/:owner', onRequest: requireAgent(), handler: async ({ agent }) => agent });
};
await app.register(scoped, { prefix: '/scoped' });
const hooks: [onRequestHookHandler, preHandlerHookHandler] = [requireAgent(), optionalAgent()];
assert.equal(hooks.length, 2);

// A guard leaves the types of the route behind it alone: generics, replies, and those of a type provider.
interface Typed {
  readonly Querystring: { readonly page: string };
  readonly Reply: { readonly 200: { readonly page: string } };
}
app.get<Typed>('/typed', { onRequest: requireAgent() }, async (request, reply) => {
  reply.code(200).send({ page: request.query.page });
});

/** Its schemas have numbers only. */
interface NumberProvider extends FastifyTypeProvider {
  readonly validator: this['schema'] extends { readonly properties: infer Properties }
    ? { readonly [Name in keyof Properties]: number }
    : unknown;
  readonly serializer: this['validator'];
}
const numbered = { type: 'object', properties: { id: { type: 'number' } } };
const typed: FastifyPluginAsync = async (scope) => {
  const routes = scope.withTypeProvider<NumberProvider>().addHook('onRequest', requireAgent());
  routes.get(
    '/:id',
    { schema: { params: numbered, response: { 200: numbered } }, onRequest: requireAgent() },
    async (request) => {
      assert.equal((await check(request)).outcome, 'accepted');
      assert.equal(findAgent(request), request.agent);
      return { id: request.params.id + 1 };
    },
  );
};
await app.register(typed, { prefix: '/typed' });

// Servers and loggers of any kind.
const other = fastify({ http2: true, logger: { level: 'silent' } });
await other.register(createGatehouse(createVerifier({ resource, issuers: [issuer.issuer] })).plugin);
other.addHook('onRequest', requireAgent());
other.get('/data', { onRequest: requireAgent() }, async (request) => {
  await check(request);
  return findAgent(request) === request.agent;
});
await other.close();

const act = { sub: 'agent-1', act: { sub: 'agent-2' } };
const agent = createTestAgent(issuer, { sub: 'alice', scope: 'read:data docs:read', act });
const headers = { authorization: `Bearer ${await agent.token()}` };
const answer = await app.inject({ url: '/data', headers });
assert.deepEqual(answer.json(), { sub: 'alice', actor: 'agent-1', before: 'agent-2' });
for (const [url, status] of Object.entries({
  '/both': 403,
  '/docs/alice': 200,
  '/docs/bob': 403,
  '/checked': 403,
  '/scoped/alice': 200,
  '/scoped/bob': 403,
  '/typed?page=1': 200,
})) {
  assert.equal((await app.inject({ url, headers })).statusCode, status, url);
}
assert.deepEqual((await app.inject({ url: '/typed/1', headers })).json(), { id: 2 });
assert.equal((await app.inject('/public')).statusCode, 200);
assert.equal((await app.inject('/data')).statusCode, 401);
assert.equal(decisions.at(-1)?.refusal?.code, 'ERR_TOKEN_ABSENT');

await app.close();
const request = { raw: { rawHeaders: [] }, routeOptions: {} } as unknown as FastifyRequest;
const closed = await check(request);
assert.ok(closed.outcome === 'refused' && AuthError.is(closed.error) && closed.error.code === 'ERR_VERIFIER_CLOSED');
await verifier.close();
await issuer.close();
