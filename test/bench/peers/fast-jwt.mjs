import { createVerifier } from 'fast-jwt';
import { expectScope } from './scope.mjs';

/**
 * What fast-jwt checks, with its memory of verified tokens or without.
 *
 * @param {import('../fixtures.mjs').Settings} settings
 * @param {{ readonly cache: boolean }} memory
 */
export function fastJwtOptions({ resource, issuer }, { cache }) {
  return {
    algorithms: [/** @type {const} */ ('ES256')],
    allowedIss: issuer,
    allowedAud: resource,
    checkTyp: 'at+jwt',
    requiredClaims: ['iss', 'aud', 'exp'],
    cache,
  };
}

/**
 * With the key itself: it fetches none.
 *
 * @param {import('../fixtures.mjs').Settings} settings
 * @param {{ readonly cache: boolean }} memory
 */
export function createFastJwtCheck(settings, memory) {
  const verify = createVerifier({ key: settings.publicKey, ...fastJwtOptions(settings, memory) });
  /** @param {string} token */
  return (token) => expectScope(verify(token).scope, settings.scope);
}
