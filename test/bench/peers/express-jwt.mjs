import { expressjwt } from 'express-jwt';
import jwksRsa from 'jwks-rsa';
import { expectScope } from './scope.mjs';

/**
 * With the keys of the issuer from jwks-rsa, which keeps them.
 *
 * @param {import('../fixtures.mjs').Settings} settings
 * @returns {import('express').RequestHandler[]}
 */
export function createExpressJwtGuards({ resource, issuer, jwksUri, scope }) {
  const secret = /** @type {import('express-jwt').GetVerificationKey} */ (
    jwksRsa.expressJwtSecret({ jwksUri, cache: true, rateLimit: true })
  );
  return [
    expressjwt({ secret, issuer, audience: resource, algorithms: ['ES256'] }),
    (request, _response, next) => {
      expectScope(/** @type {import('express-jwt').Request} */ (request).auth?.['scope'], scope);
      next();
    },
  ];
}
