import { createGatehouse } from '@gatehouse/fastify';
import fastify from 'fastify';
import { createFastifyJwtGuard } from '../peers/fastify-jwt.mjs';
import { createVerification } from './verification.mjs';

/** @typedef {import('../fixtures.mjs').Settings} Settings */

/** @type {Readonly<Record<string, import('./server.mjs').CreateApp>>} */
export const fastifyApps = {
  bare: () => serve(fastify()),
  verification() {
    const verify = createVerification();
    return serve(fastify(), (_request, _reply, done) => {
      verify();
      done();
    });
  },
  async gatehouse({ resource, issuer, scope }) {
    const { plugin, requireAgent, verifier } = createGatehouse({ resource, issuers: [issuer] });
    await verifier.ready();
    const app = fastify();
    await app.register(plugin);
    return serve(app, requireAgent(scope));
  },
  'fastify-jwt': (settings) => serveFastifyJwt(settings, { cache: false, keys: 'given' }),
  'fastify-jwt-cache': (settings) => serveFastifyJwt(settings, { cache: true, keys: 'given' }),
  'fastify-jwt-jwks': (settings) => serveFastifyJwt(settings, { cache: false, keys: 'jwks-rsa' }),
};

/** @param {Settings} settings @param {Parameters<typeof createFastifyJwtGuard>[2]} how */
async function serveFastifyJwt(settings, how) {
  const app = fastify();
  return serve(app, await createFastifyJwtGuard(app, settings, how));
}

/**
 * @param {import('fastify').FastifyInstance} app
 * @param {import('fastify').onRequestHookHandler | import('fastify').onRequestAsyncHookHandler} [guard]
 */
async function serve(app, guard) {
  app.get('/data', guard === undefined ? {} : { onRequest: guard }, () => ({ data: 'for agents' }));
  await app.ready();
  return app.server;
}
