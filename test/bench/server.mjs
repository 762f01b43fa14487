import { once } from 'node:events';
import { createServer } from 'node:http';
import { createGatehouse } from '@gatehouse/express';
import express from 'express';
import { auth, requiredScopes } from 'express-oauth2-jwt-bearer';
import { auth0Options } from './dpop.mjs';

/** One server under load, in a process of its own: `node server.mjs APP SETTINGS`, started by over-http.mjs. */

/** @typedef {{ readonly resource: string, readonly issuer: string, readonly jwksUri: string, readonly scope: string }} Settings */

/** @type {Readonly<Record<string, (settings: Settings) => Promise<import('node:http').RequestListener>>>} */
const apps = {
  async 'express-bare'() {
    return createApp();
  },
  async 'express-guarded'({ resource, issuer, scope }) {
    const { requireAgent, verifier } = createGatehouse({ resource, issuers: [issuer] });
    await verifier.ready();
    return createApp(requireAgent(scope));
  },
  async 'express-auth0'({ scope, ...issuer }) {
    // Its proofs are for the scheme and the host that the request names.
    return createApp(auth(auth0Options(issuer)), requiredScopes(scope)).set('trust proxy', true);
  },
};

/** @param {import('express').RequestHandler[]} guards */
function createApp(...guards) {
  const app = express();
  app.get('/data', ...guards, (_req, res) => {
    res.json({ data: 'for agents' });
  });
  return app;
}

const [name = '', settings = '{}'] = process.argv.slice(2);
const listener = await apps[name]?.(JSON.parse(settings));
if (listener === undefined) throw new Error(`There is no app "${name}".`);

const server = createServer(listener).listen(0, '127.0.0.1');
await once(server, 'listening');
process.on('disconnect', () => process.exit());
// Whatever the parent says is the question how much processor time has been used so far.
process.on('message', () => process.send?.(process.cpuUsage()));
process.send?.(server.address());
