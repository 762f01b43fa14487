import { resource } from './fixtures.mjs';
import { createLimitCase } from './limit.mjs';
import { callGuards, toExpressRequest } from './peers/call-guards.mjs';
import { createAuth0Guards } from './peers/express-oauth2-jwt-bearer.mjs';
import { createOauth4webapiCheck } from './peers/oauth4webapi.mjs';
import { createGatehouseSubject, createPresenter } from './present.mjs';

/** @typedef {import('./in-process.mjs').Case} Case */
/** @typedef {import('./fixtures.mjs').Fixture} Fixture */

/**
 * Rows that prove possession, compared with the signature verification that each new proof needs.
 *
 * @param {Fixture} fixture
 * @returns {Promise<Case[]>}
 */
export async function createDpopCases(fixture) {
  const present = createPresenter(fixture);
  return [
    createLimitCase(fixture),
    { ...present('Gatehouse, warm', await createGatehouseSubject(fixture)), inTurns: true },
    { ...present('Gatehouse, warm, 16 at once', await createGatehouseSubject(fixture)), inFlight: 16 },
    { ...present('oauth4webapi', createOauth4webapiSubject(fixture)), inTurns: true },
    { ...present('express-oauth2-jwt-bearer', createAuth0Subject(fixture)), inTurns: true },
  ];
}

/** @param {Fixture} fixture */
function createOauth4webapiSubject({ settings }) {
  return {
    /** @param {Record<string, string>} headers */
    toRequest: (headers) => new Request(`${resource}/data`, { headers }),
    check: createOauth4webapiCheck(settings, { requireDPoP: true }),
  };
}

/** @param {Fixture} fixture */
function createAuth0Subject({ settings }) {
  const guards = createAuth0Guards(settings, { requireDPoP: true });
  return {
    toRequest: toExpressRequest,
    /** @param {import('express').Request} request */
    check: (request) => callGuards(guards, request),
  };
}
