/** What must not compile with Fastify. Under `exactOptionalPropertyTypes`; nothing here runs. */
import { createGatehouse, findAgent } from '@gatehouse/fastify';
import fastify, { type FastifyRequest } from 'fastify';

declare const request: FastifyRequest;
const resource = 'https://api.example.com';
const issuers = ['https://auth.example.com'];
const { plugin, requireAgent, resourceMetadata, check } = createGatehouse({ resource, issuers });
const app = fastify();

// @ts-expect-error: several scopes are one list
requireAgent('read:data', 'write:data');
// @ts-expect-error: a setting that is missing must not open the route
requireAgent(undefined);
// @ts-expect-error: nor a decision
void check(request, undefined);
// @ts-expect-error: scopes that are missing must not open the route
requireAgent({ scopes: undefined });
// @ts-expect-error: a rule that forgets its answer grants nothing
requireAgent({ allow: async () => {} });
// @ts-expect-error: a parameter that the path does not have is undefined
requireAgent({ allow: (agent, { params }) => params['owner'].trim() === agent.sub });
// @ts-expect-error: nothing is validated before a guard
requireAgent({ allow: (agent, { query }) => query.owner === agent.sub });

// @ts-expect-error: a guard is no plugin
app.register(requireAgent());
// @ts-expect-error: a plugin is no hook
app.addHook('onRequest', plugin);
// @ts-expect-error: nor is an endpoint
app.get('/', { onRequest: resourceMetadata() }, async () => 'served');
// @ts-expect-error: where the body is on its way, a guard has nothing to go on with
app.addHook('preParsing', requireAgent());
// @ts-expect-error: a decision is about a request
void check(app);
// @ts-expect-error: a guard says nothing about the parameters of a route
app.get('/:id', { onRequest: requireAgent() }, async ({ params }) => params.id);

// @ts-expect-error: the verified caller cannot be changed
request.agent.sub = 'mallory';
// @ts-expect-error: not every agent acts for somebody
request.agent.act.sub.trim();
// @ts-expect-error: where no guard has run there may be no agent
findAgent(request).sub.trim();
