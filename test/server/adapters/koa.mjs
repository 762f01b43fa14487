import { STATUS_CODES } from 'node:http';
import { createGatehouse } from '@gatehouse/koa';
import Router from '@koa/router';
import Koa from 'koa';
import mount from 'koa-mount';

/** @import { VerifierOptions } from '@gatehouse/core' */
/** @import { Gatehouse } from '@gatehouse/koa' */
/** @import { Context, Next } from 'koa' */
/** @import { Guard, Route, RouteGroup } from '../routes.mjs' */

/**
 * The routes as a Koa application, and what ends its verifier.
 *
 * @param {VerifierOptions} options
 * @param {readonly RouteGroup[]} groups
 */
export function createAdapter(options, groups) {
  const gatehouse = createGatehouse(options);
  const app = new Koa();
  app.use(answerErrors);
  app.use(refuseUndecodable);
  app.use(gatehouse.resourceMetadata());
  for (const { prefix, as, guards, routes } of groups) {
    const group = new Router();
    if (as === 'router') group.prefix(prefix);
    for (const guard of guards) group.use(createGuard(gatehouse, guard));
    for (const route of routes) addRoute(group, gatehouse, route);
    app.use(as === 'application' ? mount(prefix, new Koa().use(group.routes())) : group.routes());
  }
  return { listener: app.callback(), close: () => gatehouse.verifier.close() };
}

/** @type {(gatehouse: Gatehouse, guard: Guard) => Koa.Middleware} */
function createGuard({ requireAgent, optionalAgent }, { mode, requirement }) {
  return mode === 'optional' ? optionalAgent(requirement) : requireAgent(requirement);
}

/** @type {(group: Router, gatehouse: Gatehouse, route: Route) => void} */
function addRoute(group, gatehouse, { method, path, guards, answer, serve, refuse }) {
  const middleware = guards.map((guard) => createGuard(gatehouse, guard));
  /** @type {Koa.Middleware} */
  const refuseFirst = (ctx, next) => {
    if (!refuse?.(ctx.req, ctx.res)) return next();
    ctx.respond = false;
  };
  /** @type {Koa.Middleware} */
  const handle = async (ctx) => {
    if (serve) {
      ctx.respond = false;
      await serve(ctx.req, ctx.res, ctx['agent']);
    } else ctx.body = answer?.(ctx['agent']);
  };
  const add = { GET: group.get, POST: group.post, ANY: group.all }[method].bind(group);
  add(path, refuseFirst, ...middleware, handle);
}

/**
 * Unknown paths are not found, what Koa itself refuses says so, and anything else is a bug.
 *
 * @param {Context} ctx
 * @param {Next} next
 */
async function answerErrors(ctx, next) {
  try {
    await next();
    if (ctx.status === 404 && ctx.respond !== false) answerStatus(ctx, 404);
  } catch (error) {
    const status = error instanceof Koa.HttpError && error.status === 400 ? 400 : 500;
    if (status === 500) console.error(error);
    if (ctx.headerSent) ctx.res.destroy();
    else answerStatus(ctx, status);
  }
}

/**
 * `@koa/router` hands over a parameter that cannot be decoded as it came.
 *
 * @param {Context} ctx
 * @param {Next} next
 */
function refuseUndecodable(ctx, next) {
  try {
    decodeURIComponent(ctx.path);
  } catch {
    ctx.throw(400);
  }
  return next();
}

/** @type {(ctx: Context, status: number) => void} */
function answerStatus(ctx, status) {
  ctx.respond = true;
  ctx.status = status;
  ctx.body = { error: STATUS_CODES[status] };
}
