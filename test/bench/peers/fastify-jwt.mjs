import fastifyJwt from '@fastify/jwt';
import jwksRsa from 'jwks-rsa';
import { fastJwtOptions } from './fast-jwt.mjs';
import { expectScope } from './scope.mjs';

/**
 * Registers `@fastify/jwt`, and makes its guard.
 *
 * @param {import('fastify').FastifyInstance} app
 * @param {import('../fixtures.mjs').Settings} settings
 * @param {{ readonly cache: boolean, readonly keys: 'given' | 'jwks-rsa' }} how `given`: it has the key from the start
 * @returns {Promise<import('fastify').onRequestAsyncHookHandler>}
 */
export async function createFastifyJwtGuard(app, settings, { cache, keys }) {
  const client = jwksRsa({ jwksUri: settings.jwksUri, cache: true, rateLimit: true });
  /** @param {unknown} _request @param {import('@fastify/jwt').TokenOrHeader} token */
  async function findKey(_request, token) {
    const header = 'header' in token ? token.header : token;
    return (await client.getSigningKey(header['kid'])).getPublicKey();
  }
  const key = keys === 'given' ? settings.publicKey : findKey;
  await app.register(fastifyJwt, {
    secret: { public: key },
    verify: fastJwtOptions(settings, { cache }),
    ...(keys === 'given' ? {} : { decode: { complete: true } }),
  });
  return async (request) => {
    const claims = await request.jwtVerify();
    expectScope(/** @type {{ readonly scope?: unknown }} */ (claims).scope, settings.scope);
  };
}
