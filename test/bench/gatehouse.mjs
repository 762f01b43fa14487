import { createVerifier } from '@gatehouse/core';
import { fieldsFor, resource, scope } from './fixtures.mjs';

/** @typedef {import('@gatehouse/core').VerifierOptions} VerifierOptions */
/** @typedef {import('@gatehouse/core').HttpRequest} HttpRequest */

/**
 * A check of bearer tokens, from the request that an adapter makes on.
 *
 * @param {import('./fixtures.mjs').Settings} settings
 * @param {Partial<VerifierOptions>} [more] options
 */
export async function createBearerCheck(settings, more) {
  const check = await createCheck(settings, { scopes: [scope] }, more);
  /** @type {{ token?: string, headers: HttpRequest['headers'] }} */
  let last = { headers: {} };
  /** @param {string} token */
  return (token) => {
    // Whoever calls with the same token again pays for the check alone.
    if (last.token !== token) last = { token, headers: listFields(fieldsFor(token)) };
    return check({ method: 'GET', target: '/data', headers: last.headers });
  };
}

/**
 * A check of tokens that are bound to a key, with their proofs, which are good for five minutes here.
 *
 * @param {import('./fixtures.mjs').Settings} settings
 * @param {Partial<VerifierOptions>} more options, of which `stores` is better not left out: without it, all verifiers of
 *   a process remember the same proofs
 */
export function createDpopCheck(settings, more) {
  const requirement = { scopes: [scope], senderConstraint: /** @type {const} */ ('dpop') };
  return createCheck(settings, requirement, { dpop: { maxAgeSeconds: 300 }, ...more });
}

/**
 * @param {import('./fixtures.mjs').Settings} settings
 * @param {import('@gatehouse/core').Requirement} required
 * @param {Partial<VerifierOptions>} [more]
 */
async function createCheck({ issuer }, required, more) {
  const verifier = createVerifier({ resource, issuers: [issuer], ...more });
  await verifier.ready();
  const guard = { requirement: verifier.prepare(required), mode: /** @type {const} */ ('require'), route: '/data' };
  /** @param {HttpRequest} request */
  return async (request) => {
    const outcome = await verifier.check(request, guard);
    if (outcome.outcome === 'accepted') return outcome;
    const code = outcome.outcome === 'refused' ? outcome.error.code : 'no token';
    throw new Error(`The verifier answered "${outcome.outcome}": ${code}.`);
  };
}

/** Field values as an adapter hands them over: all of a name in one list. @param {Readonly<Record<string, string>>} fields */
export function listFields(fields) {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, [value]]));
}
