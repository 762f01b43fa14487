import { STATUS_CODES } from 'node:http';
import { createGatehouse } from '@gatehouse/express';
import express from 'express';

/** @import { VerifierOptions } from '@gatehouse/core' */
/** @import { Gatehouse } from '@gatehouse/express' */
/** @import { Application, Router } from 'express' */
/** @import { Guard, Route, RouteGroup } from '../routes.mjs' */

/**
 * The routes as an Express application, and what ends its verifier.
 *
 * @param {VerifierOptions} options
 * @param {readonly RouteGroup[]} groups
 */
export function createAdapter(options, groups) {
  const gatehouse = createGatehouse(options);
  const app = createApplication();
  app.use(gatehouse.resourceMetadata());
  for (const { prefix, as, guards, routes } of groups) {
    const group = as === 'application' ? createApplication() : express.Router();
    for (const guard of guards) group.use(createGuard(gatehouse, guard));
    for (const route of routes) addRoute(group, gatehouse, route);
    app.use(prefix, group);
  }
  app.use((_req, res) => {
    answerStatus(res, 404);
  });
  app.use(answerError);
  return { listener: app, close: () => gatehouse.verifier.close() };
}

function createApplication() {
  const app = express();
  app.disable('x-powered-by');
  return app;
}

/** @type {(gatehouse: Gatehouse, guard: Guard) => express.RequestHandler} */
function createGuard({ requireAgent, optionalAgent }, { mode, requirement }) {
  return mode === 'optional' ? optionalAgent(requirement) : requireAgent(requirement);
}

/** @type {(group: Application | Router, gatehouse: Gatehouse, route: Route) => void} */
function addRoute(group, gatehouse, { method, path, guards, answer, serve, refuse }) {
  const target = group.route(path);
  const add = { GET: target.get, POST: target.post, ANY: target.all }[method].bind(target);
  if (refuse) {
    add((req, res, next) => {
      if (!refuse(req, res)) next();
    });
  }
  for (const guard of guards) add(createGuard(gatehouse, guard));
  add(async (req, res) => {
    if (serve) await serve(req, res, req.agent);
    else res.json(answer?.(req.agent));
  });
}

/**
 * What Express itself refuses, such as a path that cannot be decoded, says so; anything else is a bug.
 *
 * @param {Error & { readonly status?: number }} error
 * @param {express.Request} _req
 * @param {express.Response} res
 * @param {express.NextFunction} next
 */
function answerError(error, _req, res, next) {
  const status = error.status === 400 ? 400 : 500;
  if (status === 500) console.error(error);
  if (res.headersSent) next(error);
  else answerStatus(res, status);
}

/** @type {(res: express.Response, status: number) => void} */
function answerStatus(res, status) {
  res.status(status).json({ error: STATUS_CODES[status] });
}
