/** @import { VerifierOptions } from '@gatehouse/core' */
/** @import { RequestListener } from 'node:http' */
/** @import { RouteGroup } from './routes.mjs' */

/**
 * @typedef {'express' | 'fastify' | 'koa'} AdapterName
 *
 * @typedef {object} AdapterModule
 * @property {(options: VerifierOptions, groups: readonly RouteGroup[]) => Application} createAdapter at once: the server
 *   listens already
 *
 * @typedef {object} Application the routes as an application of the framework
 * @property {RequestListener} listener
 * @property {() => Promise<void>} close ends its verifier
 */

/**
 * The frameworks that `ADAPTER` can name. No other than the one that is named is loaded.
 *
 * @type {Readonly<Record<AdapterName, () => Promise<AdapterModule>>>}
 */
export const adapters = {
  express: () => import('./adapters/express.mjs'),
  fastify: () => import('./adapters/fastify.mjs'),
  koa: () => import('./adapters/koa.mjs'),
};
