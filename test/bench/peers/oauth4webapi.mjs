import { allowInsecureRequests, validateJwtAccessToken } from 'oauth4webapi';
import { expectScope } from './scope.mjs';

/**
 * @param {import('../fixtures.mjs').Settings} settings
 * @param {{ readonly requireDPoP: boolean }} demands
 */
export function createOauth4webapiCheck({ resource, issuer, jwksUri, scope }, { requireDPoP }) {
  const server = { issuer, jwks_uri: jwksUri };
  const options = { requireDPoP, signingAlgorithms: ['ES256'], [allowInsecureRequests]: true };
  /** @param {Request} request */
  return async (request) => {
    const claims = await validateJwtAccessToken(server, request, resource, options);
    expectScope(claims.scope, scope);
  };
}
