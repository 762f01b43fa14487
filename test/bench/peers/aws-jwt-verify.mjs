import { JwtVerifier } from 'aws-jwt-verify';

/**
 * Given the keys that the issuer publishes: by itself it fetches them over https only.
 *
 * @param {import('../fixtures.mjs').Settings} settings
 */
export async function createAwsCheck({ resource, issuer, jwksUri, scope }) {
  const verifier = JwtVerifier.create({ issuer, audience: resource, jwksUri, scope });
  verifier.cacheJwks(/** @type {never} */ (await (await fetch(jwksUri)).json()));
  /** @param {string} token */
  return (token) => verifier.verify(token);
}
