import { createRemoteJWKSet, jwtVerify } from 'jose';
import { expectScope } from './scope.mjs';

/**
 * What an API writes that has jose and nothing else.
 *
 * @param {import('../fixtures.mjs').Settings} settings
 */
export function createJoseCheck({ resource, issuer, jwksUri, scope }) {
  const keys = createRemoteJWKSet(new URL(jwksUri));
  const options = { issuer, audience: resource, typ: 'at+jwt', algorithms: ['ES256'], requiredClaims: ['exp'] };
  /** @param {string} token */
  return async (token) => {
    const { payload } = await jwtVerify(token, keys, options);
    expectScope(payload['scope'], scope);
    return payload;
  };
}
