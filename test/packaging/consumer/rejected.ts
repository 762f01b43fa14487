/** What must not compile. Under `exactOptionalPropertyTypes`; nothing here runs. */
import { createVerifier } from '@gatehouse/core';
import { AuthError, createGatehouse, findAgent } from '@gatehouse/express';
import { createTestAgent, createTestIssuer } from '@gatehouse/testing';
import type { Request } from 'express';

declare const req: Request;
const resource = 'https://api.example.com';
const issuers = ['https://auth.example.com'];
const { requireAgent, check } = createGatehouse({ resource, issuers });

// @ts-expect-error: a scope is a string
requireAgent(1);
// @ts-expect-error: several scopes are one list
requireAgent('read:data', 'write:data');
// @ts-expect-error: a setting that is missing must not open the route
requireAgent(undefined);
// @ts-expect-error: nor every route
createGatehouse({ resource, issuers, requirement: undefined });
// @ts-expect-error: nor a decision
void check(req, undefined);
// @ts-expect-error: the key is `scopes`
requireAgent({ scope: ['read:data'] });
// @ts-expect-error: scopes that are missing must not open the route
requireAgent({ scopes: undefined });
// @ts-expect-error: scopes are a list
requireAgent({ scopes: 'read:data' });
// @ts-expect-error: a rule answers with a verdict
requireAgent({ allow: () => 'yes' });
// @ts-expect-error: a rule that forgets its answer grants nothing
requireAgent({ allow: async () => {} });

// @ts-expect-error: a resource without issuers accepts nobody
createGatehouse({ resource });
// @ts-expect-error: tokens must name a resource
createGatehouse({ issuers });
// @ts-expect-error: issuers are a list
createVerifier({ resource, issuers: 'https://auth.example.com' });
// @ts-expect-error: the key is `clockToleranceSeconds`
createVerifier({ resource, issuers, clockTolerance: 5 });
// @ts-expect-error: a resource server holds no symmetric key
createVerifier({ resource, issuers: [{ issuer: 'https://auth.example.com', algorithms: ['HS256'] }] });
// @ts-expect-error: no such dialect
createVerifier({ resource, issuers: [{ issuer: 'https://auth.example.com', tokenProfile: 'legacy', claims: 'auth' }] });
// @ts-expect-error: the key is `clientId`
createVerifier({ resource, issuers: [{ issuer: 'https://auth.example.com', claims: { client_id: ['azp'] } }] });
// @ts-expect-error: tokens of some issuers have no id
req.agent.tokenId.trim();

// @ts-expect-error: the verified caller cannot be changed
req.agent.sub = 'mallory';
// @ts-expect-error: nor whom it acts through
req.agent.actor.sub = 'mallory';
// @ts-expect-error: nor who acted before
req.agent.priorActors.push(req.agent.actor);
// @ts-expect-error: nor what it may do
req.agent.scopes.add('admin');
// @ts-expect-error: nor what its token says
req.agent.claims['role'] = 'admin';
// @ts-expect-error: not every agent acts for somebody
req.agent.act.sub.trim();
// @ts-expect-error: where no guard has run there may be no agent
findAgent(req).sub.trim();
// @ts-expect-error: refusals are made by their class
new AuthError('InvalidTokenError', 'ERR_TOKEN_EXPIRED');
// @ts-expect-error: no such algorithm
await createTestIssuer({ audience: resource, algorithm: 'HS256' });
// @ts-expect-error: proxies are a list
createVerifier({ resource, issuers, trustedProxies: '10.0.0.0/8' });
// @ts-expect-error: no such way to prove possession
requireAgent({ senderConstraint: 'tls' });
// @ts-expect-error: not every agent has a key
req.agent.confirmation.jkt.trim();
// @ts-expect-error: an agent without a certificate has none to hand on
createTestAgent(await createTestIssuer(), {}, { dpop: true }).forward();
// @ts-expect-error: an agent without a key proves nothing
createTestAgent(await createTestIssuer()).proof({ method: 'GET', url: resource });
