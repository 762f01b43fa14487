/**
 * @typedef {object} HttpCase
 * @property {string} name
 * @property {string} app of server.mjs; rows that name the same one share its process
 * @property {number} [status] what every answer must be. Default 200
 * @property {boolean} [anonymous] whether to leave the token out
 */

/** @typedef {'express' | 'fastify' | 'koa'} Framework */

/** @type {HttpCase} */
const bare = { name: 'bare', app: 'bare' };
/** @type {HttpCase} */
const verification = { name: 'bare, and one ES256 verification', app: 'verification' };
/** @type {HttpCase} */
const gatehouse = { name: 'Gatehouse', app: 'gatehouse' };
/** @type {HttpCase} */
const auth0Dpop = { name: 'express-oauth2-jwt-bearer', app: 'auth0-dpop' };

/** One token again and again. @type {Readonly<Record<Framework, readonly HttpCase[]>>} */
export const bearerCases = {
  express: [
    bare,
    gatehouse,
    { name: 'jose', app: 'jose' },
    { name: 'express-oauth2-jwt-bearer', app: 'auth0' },
    { name: 'MCP SDK and jose', app: 'mcp-sdk' },
    { name: 'express-jwt and jwks-rsa', app: 'express-jwt' },
    { name: 'Gatehouse, no token: 401', app: 'gatehouse', status: 401, anonymous: true },
  ],
  fastify: [
    bare,
    gatehouse,
    { name: '@fastify/jwt, its cache on', app: 'fastify-jwt-cache' },
    { name: '@fastify/jwt', app: 'fastify-jwt' },
    { name: '@fastify/jwt and jwks-rsa', app: 'fastify-jwt-jwks' },
  ],
  koa: [bare, gatehouse],
};

/** A bound token, with another proof each time. @type {Readonly<Record<Framework, readonly HttpCase[]>>} */
export const dpopCases = {
  express: [bare, verification, gatehouse, auth0Dpop, { name: 'oauth4webapi', app: 'oauth4webapi-dpop' }],
  fastify: [bare, verification, gatehouse],
  koa: [bare, verification, gatehouse],
};

/** Of which it is worth to know what a second core brings. @type {readonly HttpCase[]} */
export const twoCoresCases = [bare, gatehouse, auth0Dpop];
