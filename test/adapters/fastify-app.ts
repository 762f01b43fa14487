import type { AddressInfo } from 'node:net';
import type { Decision, GuardedRequest, VerifierOptions } from '@gatehouse/fastify';
import { createTestAgent, createTestIssuer, type TestIssuer } from '@gatehouse/testing';
import fastify, {
  type FastifyInstance,
  type FastifyPluginAsync,
  type FastifyRequest,
  type FastifyServerOptions,
} from 'fastify';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';

export const resource = 'https://api.example';
export const metadataPath = '/.well-known/oauth-protected-resource';

/** Of the test that runs. */
export const decisions: Decision[] = [];
let issuer: TestIssuer;
const open: FastifyInstance[] = [];

beforeAll(async () => {
  issuer = await createTestIssuer({ audience: resource });
});
beforeEach(() => {
  decisions.length = 0;
});
afterEach(async () => {
  for (const app of open.splice(0)) await app.close();
});
afterAll(() => issuer.close());

export function options(more?: Partial<VerifierOptions<GuardedRequest>>): VerifierOptions<GuardedRequest> {
  return { resource, issuers: [issuer.issuer], onDecision: (decision) => void decisions.push(decision), ...more };
}

/** An application that the test closes at its end. */
export function createApp(settings: FastifyServerOptions = {}): FastifyInstance {
  const app = fastify(settings);
  open.push(app);
  return app;
}

/** A plugin with a scope of its own. */
export function scope(build: (app: FastifyInstance) => void): FastifyPluginAsync {
  return async (app) => build(app);
}

/** The header of an agent that acts for alice. */
export async function bearer(scope = 'read:data', claims: Record<string, unknown> = {}) {
  const token = await createTestAgent(issuer, { sub: 'alice', scope }).token(claims);
  return { authorization: `Bearer ${token}` };
}

/** A handler that fails where there is no agent. */
export const whoami = async (request: FastifyRequest) => ({ sub: request.agent.sub });

/** Where an application listens. */
export function urlOf({ server }: Pick<FastifyInstance, 'server'>): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
