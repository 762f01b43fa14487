import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js';
import { createJoseCheck } from './jose.mjs';

/**
 * The gate of the MCP SDK, which leaves the token itself to its user: here, to jose.
 *
 * @param {import('../fixtures.mjs').Settings} settings
 * @returns {import('express').RequestHandler[]}
 */
export function createMcpGuards(settings) {
  const check = createJoseCheck(settings);
  const verifier = {
    /** @param {string} token */
    async verifyAccessToken(token) {
      const { client_id: clientId, scope, exp } = await check(token);
      return { token, clientId: String(clientId), scopes: String(scope).split(' '), expiresAt: Number(exp) };
    },
  };
  return [requireBearerAuth({ verifier, requiredScopes: [settings.scope] })];
}
