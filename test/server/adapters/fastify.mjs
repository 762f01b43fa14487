import { STATUS_CODES } from 'node:http';
import { createGatehouse } from '@gatehouse/fastify';
import fastify from 'fastify';

/** @import { VerifierOptions } from '@gatehouse/core' */
/** @import { AgentGuard, Gatehouse } from '@gatehouse/fastify' */
/** @import { FastifyInstance, FastifyPluginAsync, FastifyReply, onRequestHookHandler } from 'fastify' */
/** @import { Guard, Route, RouteGroup } from '../routes.mjs' */

/**
 * The routes as a Fastify application, and what ends it and its verifier.
 *
 * @param {VerifierOptions} options
 * @param {readonly RouteGroup[]} groups
 */
export function createAdapter(options, groups) {
  const gatehouse = createGatehouse(options);
  const app = fastify({ frameworkErrors: (error, _request, reply) => answerError(error, reply) });
  app.setErrorHandler((error, _request, reply) => answerError(error, reply));
  app.setNotFoundHandler((_request, reply) => answerStatus(reply, 404));
  // Whoever reads a body here reads it from the request itself.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _body, done) => done(null));
  app.register(gatehouse.plugin);
  app.register(gatehouse.resourceMetadata());
  for (const group of groups) app.register(createGroup(gatehouse, group), { prefix: group.prefix });
  const ready = app.ready();
  return {
    /** @type {import('node:http').RequestListener} */
    async listener(request, response) {
      await ready;
      app.routing(request, response);
    },
    close: async () => app.close(),
  };
}

/** @type {(gatehouse: Gatehouse, group: RouteGroup) => FastifyPluginAsync} */
function createGroup(gatehouse, { guards, routes }) {
  return async (app) => {
    for (const guard of guards) app.addHook('onRequest', createGuard(gatehouse, guard));
    for (const route of routes) addRoute(app, gatehouse, route);
  };
}

/** @type {(gatehouse: Gatehouse, guard: Guard) => AgentGuard} */
function createGuard({ requireAgent, optionalAgent }, { mode, requirement }) {
  return mode === 'optional' ? optionalAgent(requirement) : requireAgent(requirement);
}

/** @type {(app: FastifyInstance, gatehouse: Gatehouse, route: Route) => void} */
function addRoute(app, gatehouse, { method, path, guards, answer, serve, refuse }) {
  /** @type {onRequestHookHandler} */
  const refuseFirst = (request, reply, done) => {
    if (refuse?.(request.raw, reply.raw)) reply.hijack();
    else done();
  };
  app.route({
    method: method === 'ANY' ? app.supportedMethods : method,
    url: path,
    onRequest: [refuseFirst, ...guards.map((guard) => createGuard(gatehouse, guard))],
    async handler(request, reply) {
      if (serve === undefined) return answer?.(request.agent);
      await serve(request.raw, reply.raw, request.agent);
      return reply.hijack();
    },
  });
}

/**
 * What Fastify itself refuses, such as a path that cannot be decoded, says so; anything else is a bug.
 *
 * @type {(error: unknown, reply: FastifyReply) => FastifyReply}
 */
function answerError(error, reply) {
  const status = error instanceof Error && 'statusCode' in error && error.statusCode === 400 ? 400 : 500;
  if (status === 500) console.error(error);
  return answerStatus(reply, status);
}

/** @type {(reply: FastifyReply, status: number) => FastifyReply} */
function answerStatus(reply, status) {
  return reply.code(status).send({ error: STATUS_CODES[status] });
}
