import { createMemoryReplayStore, createVerifier } from '@gatehouse/core';
import { auth, requiredScopes } from 'express-oauth2-jwt-bearer';
import { allowInsecureRequests, validateJwtAccessToken } from 'oauth4webapi';
import { listFields, verifySignature } from './bearer.mjs';
import { fieldsWithProof, resource, scope } from './fixtures.mjs';
import { expect } from './in-process.mjs';

/** @typedef {import('./in-process.mjs').Case} Case */
/** @typedef {import('./fixtures.mjs').Fixture} Fixture */

/**
 * Rows that verify one bound token with one new proof after another: the same proofs in every row, in the same order.
 *
 * @param {Fixture} fixture
 * @returns {Promise<Case[]>}
 */
export async function createDpopCases(fixture) {
  /** @type {string[]} */
  const proofs = [];

  /**
   * @template Request
   * @param {string} name
   * @param {{ readonly toRequest: (fields: Record<string, string>) => Request, readonly check: (request: Request) => Promise<void> }} subject
   * @returns {Case}
   */
  function present(name, { toRequest, check }) {
    let used = 0;
    /** @type {Request[]} */
    let requests = [];
    return {
      name,
      async prepare(count) {
        while (proofs.length < used + count) proofs.push(fixture.prove());
        const next = proofs.slice(used, used + count);
        used += count;
        requests = next.map((proof) => toRequest(fieldsWithProof(fixture.boundToken, proof)));
      },
      run: (index) => check(/** @type {Request} */ (requests[index])),
    };
  }

  return [
    verifySignature(fixture),
    present('Gatehouse, DPoP, warm', await createGatehouseSubject(fixture)),
    { ...present('Gatehouse, DPoP, warm, 16 at once', await createGatehouseSubject(fixture)), inFlight: 16 },
    present('oauth4webapi', createOauth4webapiSubject(fixture)),
    present('express-oauth2-jwt-bearer', createAuth0Subject(fixture)),
  ];
}

/** A verifier with a replay memory of its own, which keeps every proof of the run. @param {Fixture} fixture */
async function createGatehouseSubject({ issuer }) {
  const verifier = createVerifier({
    resource,
    issuers: [issuer.issuer],
    dpop: { maxAgeSeconds: 300 },
    // Of its own: every row verifies the same proofs, and a process shares its memory otherwise.
    stores: { replay: createMemoryReplayStore() },
  });
  await verifier.ready();
  const requirement = verifier.prepare({ scopes: [scope], senderConstraint: 'dpop' });
  const guard = { requirement, mode: /** @type {const} */ ('require'), route: '/data' };
  return {
    /** @param {Record<string, string>} fields */
    toRequest: (fields) => ({ method: 'GET', target: '/data', headers: listFields(fields) }),
    /** @param {import('@gatehouse/core').HttpRequest} request */
    async check(request) {
      const { outcome } = await verifier.check(request, guard);
      expect(outcome === 'accepted', `the verifier answered "${outcome}"`);
    },
  };
}

/** @param {Fixture} fixture */
function createOauth4webapiSubject({ issuer }) {
  const server = { issuer: issuer.issuer, jwks_uri: issuer.jwksUri };
  const options = { requireDPoP: true, [allowInsecureRequests]: true };
  return {
    /** @param {Record<string, string>} headers */
    toRequest: (headers) => new Request(`${resource}/data`, { headers }),
    /** @param {Request} request */
    async check(request) {
      const { scope: granted } = await validateJwtAccessToken(server, request, resource, options);
      expect(granted?.split(' ').includes(scope) === true, 'oauth4webapi returned another token');
    },
  };
}

/** Its middleware, which is all that it exports, with what it reads of a request. @param {Fixture} fixture */
function createAuth0Subject({ issuer }) {
  const authenticate = auth(auth0Options(issuer));
  const authorize = requiredScopes(scope);
  return {
    /** @param {Record<string, string>} headers */
    toRequest(headers) {
      /** @param {string} name */
      const get = (name) => headers[name.toLowerCase()];
      const request = {
        method: 'GET',
        protocol: 'https',
        originalUrl: '/data',
        headers,
        query: {},
        get,
        is: () => false,
      };
      return /** @type {import('express').Request} */ (/** @type {unknown} */ (request));
    },
    /** @param {import('express').Request} request */
    async check(request) {
      for (const handler of [authenticate, authorize]) {
        /** @type {unknown} */
        const error = await new Promise((next) => void handler(request, /** @type {never} */ (undefined), next));
        if (error !== undefined) throw error;
      }
    },
  };
}

/**
 * As strict as it can be, and without its search for the issuer's metadata.
 *
 * @param {{ readonly issuer: string, readonly jwksUri: string }} issuer
 */
export function auth0Options({ issuer, jwksUri }) {
  const dpop = { enabled: true, required: true };
  return { issuer, jwksUri, audience: resource, tokenSigningAlg: 'ES256', strict: true, dpop };
}
