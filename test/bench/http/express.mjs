import { createServer } from 'node:http';
import { createGatehouse } from '@gatehouse/express';
import express from 'express';
import { createExpressJwtGuards } from '../peers/express-jwt.mjs';
import { createAuth0Guards } from '../peers/express-oauth2-jwt-bearer.mjs';
import { createJoseCheck } from '../peers/jose.mjs';
import { createMcpGuards } from '../peers/mcp-sdk.mjs';
import { createOauth4webapiCheck } from '../peers/oauth4webapi.mjs';
import { createVerification } from './verification.mjs';

/** @typedef {import('../fixtures.mjs').Settings} Settings */
/** @typedef {import('express').RequestHandler} RequestHandler */

/** @type {Readonly<Record<string, import('./server.mjs').CreateApp>>} */
export const expressApps = {
  bare: () => serve(),
  verification() {
    const verify = createVerification();
    return serve((_req, _res, next) => {
      verify();
      next();
    });
  },
  async gatehouse({ resource, issuer, scope }) {
    const { requireAgent, verifier } = createGatehouse({ resource, issuers: [issuer] });
    await verifier.ready();
    return serve(requireAgent(scope));
  },
  jose: (settings) => serve(createJoseGuard(settings)),
  'mcp-sdk': (settings) => serve(...createMcpGuards(settings)),
  'express-jwt': (settings) => serve(...createExpressJwtGuards(settings)),
  auth0: (settings) => serve(...createAuth0Guards(settings, { requireDPoP: false })),
  'auth0-dpop': (settings) => serve(...createAuth0Guards(settings, { requireDPoP: true })),
  'oauth4webapi-dpop': (settings) => serve(createOauth4webapiGuard(settings)),
};

/** @param {readonly RequestHandler[]} guards */
function serve(...guards) {
  // express-oauth2-jwt-bearer asks the request whether it came by https.
  const app = express().set('trust proxy', true);
  app.get('/data', ...guards, (_req, res) => {
    res.json({ data: 'for agents' });
  });
  return createServer(app);
}

/** As an API writes it by hand. @param {Settings} settings @returns {RequestHandler} */
function createJoseGuard(settings) {
  const check = createJoseCheck(settings);
  return async (request, response, next) => {
    const [scheme, token = ''] = request.get('authorization')?.split(' ') ?? [];
    if (scheme !== 'Bearer') return void response.sendStatus(401);
    await check(token);
    next();
  };
}

/** @param {Settings} settings @returns {RequestHandler} */
function createOauth4webapiGuard(settings) {
  const check = createOauth4webapiCheck(settings, { requireDPoP: true });
  return async (request, _response, next) => {
    const url = new URL(request.originalUrl, settings.resource);
    const headers = /** @type {Record<string, string>} */ (request.headers);
    await check(new Request(url, { method: request.method, headers }));
    next();
  };
}
