import { createGatehouse } from '@gatehouse/express';
import express from 'express';

/** An API for agents. In production `resource` is its public URL, and `issuers` names your authorization server. */
export function createApp({ resource, issuers }) {
  const { requireAgent, resourceMetadata } = createGatehouse({ resource, issuers });

  const app = express();
  app.use(resourceMetadata()); // at the root, above every guard
  app.use(requireAgent('read:data')); // everything below needs this scope

  app.get('/data', (req, res) => {
    res.json({ onBehalfOf: req.agent.sub, actor: req.agent.actor.sub, chain: req.agent.act });
  });

  // Guards stack: this route needs both scopes, and the token is verified once.
  app.post('/data', requireAgent('write:data'), (req, res) => {
    res.status(201).json({ writtenBy: req.agent.actor.sub });
  });

  return app;
}
