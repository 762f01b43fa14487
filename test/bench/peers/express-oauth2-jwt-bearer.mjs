import { auth, requiredScopes } from 'express-oauth2-jwt-bearer';

/**
 * As strict as it can be, and without its search for the metadata of the issuer.
 *
 * @param {import('../fixtures.mjs').Settings} settings
 * @param {{ readonly requireDPoP: boolean }} demands
 * @returns {import('express').RequestHandler[]}
 */
export function createAuth0Guards({ resource, issuer, jwksUri, scope }, { requireDPoP }) {
  const dpop = requireDPoP ? { enabled: true, required: true } : { enabled: false };
  return [
    auth({ issuer, jwksUri, audience: resource, tokenSigningAlg: 'ES256', strict: true, dpop }),
    requiredScopes(scope),
  ];
}
