/** What a user writes: compiled and run against the packages as they are installed. */
import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { AuthError as CoreAuthError, createVerifier, type VerifierOptions } from '@gatehouse/core';
import { fromIncomingMessage } from '@gatehouse/core/node';
import {
  type Agent,
  AuthError,
  createGatehouse,
  type Decision,
  findAgent,
  type Requirement,
  writeOutcome,
} from '@gatehouse/express';
import { createTestAgent, createTestCertificate, createTestIssuer } from '@gatehouse/testing';
import express, { type Request } from 'express';

const issuer = await createTestIssuer({ audience: 'https://api.example.com' });
const decisions: Decision[] = [];
const options: VerifierOptions<Request> = {
  resource: 'https://api.example.com',
  issuers: [issuer.issuer, { issuer: 'https://auth.example.com', algorithms: ['ES256'], jwksUri: undefined }],
  onDecision: (decision) => decisions.push(decision),
  limits: { actDepth: 2 },
};
const verifier = createVerifier(options);
const { requireAgent, optionalAgent, resourceMetadata, check } = createGatehouse(verifier);

const owned: Requirement<Request> = {
  scopes: ['docs:read'],
  action: 'docs.read',
  allow: async (agent, req) => ({ allow: req.params['owner'] === agent.sub, reasons: ['owner'] }),
};
const app = express();
app.use(resourceMetadata());
app.get('/public', optionalAgent(), (req, res) => void res.json(findAgent(req)?.sub ?? null));
app.use(requireAgent());
app.get('/data', requireAgent('read:data'), (req, res) => {
  const agent: Agent = req.agent;
  res.json({ sub: agent.sub, actor: agent.actor.sub, before: req.agent.act?.act?.sub, scopes: [...agent.scopes] });
});
app.get('/both', requireAgent(['read:data', 'write:data']), (req, res) => void res.json(req.agent));
app.get(
  '/rule/:owner',
  requireAgent({ allow: (agent, req) => req.params['owner'] === agent.sub }),
  (_, res) => void res.end(),
);
app.get('/docs/:owner', requireAgent(owned), async (req, res) => {
  const outcome = await check(req, 'docs:read');
  assert.equal(outcome.outcome, 'accepted');
  assert.equal(fromIncomingMessage(req), fromIncomingMessage(req));
  res.end();
});
// What checks is not anonymous: there is an agent, or an answer to write.
app.get('/checked', async (req, res) => {
  const outcome = await check(req, 'docs:write');
  if (outcome.outcome === 'refused') return writeOutcome(res, outcome);
  res.json(outcome.agent satisfies Agent);
});

// A guard leaves the types of the handler behind it alone.
app.get('/typed/:id', requireAgent(), (req, res) => void res.json({ id: req.params.id satisfies string }));
interface Query {
  readonly page: string;
}
app.get('/typed', requireAgent(), (req: Request<object, { page: string }, unknown, Query>, res) => {
  res.json({ page: findAgent(req) ? req.query.page : '' });
});
// A verifier whose rules need no context guards any framework.
createGatehouse(createVerifier({ resource: 'https://api.example.com', issuers: [issuer.issuer] })).requireAgent();

const server = app.listen(0, '127.0.0.1');
await once(server, 'listening');
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const act = { sub: 'agent-1', act: { sub: 'agent-2' } };
const agent = createTestAgent(issuer, { sub: 'alice', scope: 'read:data docs:read', act });

const answer = await agent.fetch(`${origin}/data`);
const scopes = ['read:data', 'docs:read'];
assert.deepEqual(await answer.json(), { sub: 'alice', actor: 'agent-1', before: 'agent-2', scopes });
for (const [path, status] of Object.entries({
  both: 403,
  'rule/alice': 200,
  'docs/alice': 200,
  'docs/bob': 403,
  checked: 403,
  'typed/a': 200,
})) {
  assert.equal((await agent.fetch(`${origin}/${path}`)).status, status, path);
}
const bound = createTestAgent(issuer, { sub: 'alice', scope: 'read:data' }, { dpop: true });
const headers = await bound.headers({ method: 'GET', url: `${origin}/data` }, { defect: 'missing-ath' });
assert.equal((await fetch(`${origin}/data`, { headers })).status, 401);
const both = createTestAgent(issuer, { scope: 'read:data' }, { dpop: true, certificate: createTestCertificate() });
assert.deepEqual(Object.keys(both.forward('chain-alone')), ['client-cert-chain']);
const unshown = await both.headers({ method: 'GET', url: `${origin}/data` });
assert.equal((await fetch(`${origin}/data`, { headers: unshown })).status, 401);
assert.equal(decisions.at(-1)?.refusal?.code, 'ERR_TOKEN_CERTIFICATE_ABSENT');
assert.equal((await fetch(`${origin}/public`)).status, 200);
assert.equal((await fetch(`${origin}/data`)).status, 401);
assert.equal(decisions.at(-1)?.refusal?.code, 'ERR_TOKEN_ABSENT');
assert.equal(AuthError, CoreAuthError);

server.close();
await issuer.close();
await verifier.close();
