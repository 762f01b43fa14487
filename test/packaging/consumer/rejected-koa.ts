/** What users of Koa must not write. Under `exactOptionalPropertyTypes`; nothing here runs. */
import { createGatehouse, findAgent, type WithAgent } from '@gatehouse/koa';
import Router from '@koa/router';
import Koa, { type ParameterizedContext } from 'koa';

interface State {
  tenant: string;
}
interface Services {
  readonly db: object;
}
const options = { resource: 'https://api.example.com', issuers: ['https://auth.example.com'] };
const { requireAgent, optionalAgent, check } = createGatehouse(options);
declare const ctx: ParameterizedContext;

// @ts-expect-error: several scopes are one list
requireAgent('read:data', 'write:data');
// @ts-expect-error: a setting that is missing must not open the route
requireAgent(undefined);
// @ts-expect-error: nor make it optional
optionalAgent(undefined);
// @ts-expect-error: nor a decision
void check(ctx, undefined);
// @ts-expect-error: a rule answers with a verdict
requireAgent({ allow: () => 'yes' });

new Router().get('/', requireAgent(), (ctx) => {
  // @ts-expect-error: the verified caller cannot be changed
  ctx.agent.sub = 'mallory';
  // @ts-expect-error: nor replaced
  ctx.state.agent = ctx.agent;
  // @ts-expect-error: no such member
  ctx.state.agent.subject.trim();
  // @ts-expect-error: where no guard has run there may be no agent
  findAgent(ctx).sub.trim();
});

new Koa<State, Services>().use(optionalAgent()).use((ctx) => {
  // @ts-expect-error: an optional guard promises no agent
  ctx.agent.sub.trim();
  // @ts-expect-error: not in the state either
  ctx.state.agent.sub.trim();
});
new Koa<State, Services>().use(requireAgent()).use((ctx) => {
  // @ts-expect-error: a guard opens no state that is declared
  ctx.state.user.trim();
  // @ts-expect-error: and no context
  ctx.other.trim();
  ctx.agent.sub.trim();
});
new Koa<WithAgent, WithAgent>().use((ctx) => {
  // @ts-expect-error: the type of the application is all there is
  ctx.state.tenant.trim();
});
// @ts-expect-error: a rule is given the declared state
createGatehouse<State, Services>(options).requireAgent({ allow: (_agent, ctx) => ctx.state.user === 'alice' });
// @ts-expect-error: and the declared context
void createGatehouse<State, Services>(options).check(ctx);
