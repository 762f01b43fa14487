import { createGatehouse } from '@gatehouse/express';
import express from 'express';

/**
 * The API that agents call: reports, guarded by Gatehouse. What it tells them is who it took them for.
 *
 * @param {object} options
 * @param {string} options.resource its own address
 * @param {import('@gatehouse/express').IssuerOptions} options.issuer the authorization server that it trusts
 * @param {Pick<import('@gatehouse/express').VerifierOptions, 'requirement' | 'dpop'>} [options.demands] beyond
 *   what each route asks for
 * @param {(decision: import('@gatehouse/express').Decision) => void} options.onDecision
 */
export function createApi({ resource, issuer, demands, onDecision }) {
  const { requireAgent, resourceMetadata, revocations } = createGatehouse({
    resource,
    issuers: [issuer],
    metadata: { name: 'Reports', scopes: ['reports:read', 'reports:write'] },
    scopeHierarchy: { 'reports:write': ['reports:read'] },
    ...demands,
    onDecision,
  });

  const reports = ['Annual report', 'Incident review'];
  const app = express();
  app.disable('x-powered-by');
  app.use(resourceMetadata());

  app.get('/reports', requireAgent('reports:read'), (req, res) => {
    res.json({ reports, ...introduce(req.agent) });
  });

  app.post('/reports', requireAgent('reports:write'), express.json(), (req, res) => {
    reports.push(String(req.body.title));
    res.status(201).json({ published: reports.at(-1), ...introduce(req.agent) });
  });

  return { app, revocations };
}

/** @param {import('@gatehouse/express').Agent} agent */
function introduce(agent) {
  return {
    actor: agent.actor.sub,
    onBehalfOf: agent.sub,
    through: agent.priorActors.map(({ sub }) => sub),
    confirmation: agent.confirmation.method,
  };
}
