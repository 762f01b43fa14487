/** What a user of Koa writes: compiled and run against the packages as they are installed. */
import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createVerifier } from '@gatehouse/core';
import {
  type Agent,
  type AgentGuard,
  createGatehouse,
  findAgent,
  type Gatehouse,
  type Requirement,
  type VerifierOptions,
  type WithAgent,
  writeOutcome,
} from '@gatehouse/koa';
import { createTestAgent, createTestIssuer } from '@gatehouse/testing';
import Router from '@koa/router';
import Koa, {
  type Context,
  type DefaultContext,
  type DefaultState,
  type Middleware,
  type ParameterizedContext,
} from 'koa';
import mount from 'koa-mount';

const resource = 'https://api.example.com';
const issuer = await createTestIssuer({ audience: resource });
const options: VerifierOptions<ParameterizedContext> = { resource, issuers: [issuer.issuer] };
const { requireAgent, optionalAgent, resourceMetadata, check } = createGatehouse(options);

// The types that Koa has by default: a guard tells what is behind it in the route of the agent, in both places.
const router = new Router();
router.get('/public', optionalAgent(), (ctx) => {
  ctx.body = { sub: findAgent(ctx)?.sub ?? null };
});
router.get('/data/:id', requireAgent('read:data'), async (ctx) => {
  const agent: Agent = ctx.agent;
  const { sub } = ctx.state.agent satisfies Agent;
  const { outcome } = await check(ctx, 'read:data');
  ctx.body = { sub, actor: agent.actor.sub, id: ctx.params['id'] satisfies string | undefined, outcome };
});
// What checks is not anonymous: there is an agent, or an answer to write.
router.get('/checked', async (ctx) => {
  const outcome = await check(ctx, 'write:data');
  if (outcome.outcome === 'refused') return writeOutcome(ctx, outcome);
  ctx.body = outcome.agent satisfies Agent;
});
const owned: Requirement<ParameterizedContext> = {
  action: 'docs.read',
  allow: async (agent, ctx) => ({ allow: ctx['params'].owner === agent.sub, reasons: ['owner'] }),
};
router.get('/docs/:owner', requireAgent(owned), (ctx) => {
  ctx.body = ctx.state.agent.toJSON();
});

// State and context of an application, declared by its author and left alone by the guards.
interface State {
  tenant: string;
}
interface Services {
  db: { isMember(sub: string, tenant: string): boolean };
}
const typed = new Koa<State, Services>();
typed.use((ctx, next) => {
  ctx.db = { isMember: (sub, tenant) => sub === 'alice' && tenant === 'acme' };
  ctx.state.tenant = String(ctx.query['tenant']);
  return next();
});
// A verifier whose rules need no context guards any framework, and any of its contexts.
const verifier = createVerifier({ resource, issuers: [issuer.issuer] });
const gatehouse: Gatehouse<State, Services> = createGatehouse<State, Services>(verifier);
const member = gatehouse.requireAgent({ allow: ({ sub }, ctx) => ctx.db.isMember(sub, ctx.state.tenant) });
const list: Middleware<State, Services>[] = [member, resourceMetadata(), optionalAgent()];
for (const middleware of list) typed.use(middleware);
typed.use(member).use((ctx) => {
  ctx.body = { sub: ctx.agent.sub, same: ctx.state.agent === ctx.agent, tenant: ctx.state.tenant satisfies string };
});
const typedRouter = new Router<State, Services>();
typedRouter.use(requireAgent());
typedRouter.get('/', member, async (ctx) => {
  const outcome = await gatehouse.check(ctx);
  writeOutcome(ctx, outcome);
  ctx.body = [ctx.agent.sub, ctx.state.tenant, ctx.db, outcome.outcome];
});
typed.use(typedRouter.routes());

// Where all of an application is behind a guard, its types can say so.
const guarded = new Koa<WithAgent & State, WithAgent>();
guarded.use(requireAgent());
guarded.use((ctx) => {
  ctx.body = { actor: ctx.agent.actor.sub, scopes: [...ctx.state.agent.scopes] };
});
const guard: AgentGuard = requireAgent();
guarded.use(guard);

// Nothing is added to the types of contexts that no guard has seen.
const loose: [DefaultState, DefaultContext] = [{}, {}];
const log = (ctx: Context) => void ctx['anything'];
typed.use((ctx) => log(ctx));
new Koa().use(resourceMetadata()).use((ctx) => {
  ctx.state = { user: loose };
});

const app = new Koa();
app.use(resourceMetadata());
app.use(mount('/typed', typed));
app.use(mount('/guarded', guarded));
app.use(mount('/mounted', requireAgent('admin')));
app.use(router.routes()).use(router.allowedMethods());
const server = createServer(app.callback()).listen(0, '127.0.0.1');
await once(server, 'listening');
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const agent = createTestAgent(issuer, { sub: 'alice', scope: 'read:data', act: { sub: 'agent-1' } });

for (const [path, body] of Object.entries({
  'data/7': { sub: 'alice', actor: 'agent-1', id: '7', outcome: 'accepted' },
  'typed?tenant=acme': { sub: 'alice', same: true, tenant: 'acme' },
  guarded: { actor: 'agent-1', scopes: ['read:data'] },
  public: { sub: 'alice' },
})) {
  assert.deepEqual(await (await agent.fetch(`${origin}/${path}`)).json(), body, path);
}
for (const [path, status] of Object.entries({
  'docs/alice': 200,
  'docs/bob': 403,
  checked: 403,
  'typed?tenant=other': 403,
  mounted: 403,
})) {
  assert.equal((await agent.fetch(`${origin}/${path}`)).status, status, path);
}
assert.deepEqual(await (await fetch(`${origin}/public`)).json(), { sub: null });
assert.equal((await fetch(`${origin}/data/7`)).status, 401);
assert.equal((await fetch(`${origin}/.well-known/oauth-protected-resource`)).status, 200);

server.close();
await issuer.close();
await verifier.close();
