import { createRevocationList } from '@gatehouse/core';
import { fieldsFor, resource } from './fixtures.mjs';
import { createBearerCheck } from './gatehouse.mjs';
import { expect } from './in-process.mjs';
import { createLimitCase } from './limit.mjs';
import { createAwsCheck } from './peers/aws-jwt-verify.mjs';
import { callGuards, toExpressRequest } from './peers/call-guards.mjs';
import { createExpressJwtGuards } from './peers/express-jwt.mjs';
import { createAuth0Guards } from './peers/express-oauth2-jwt-bearer.mjs';
import { createFastJwtCheck } from './peers/fast-jwt.mjs';
import { createJoseCheck } from './peers/jose.mjs';
import { createMcpGuards } from './peers/mcp-sdk.mjs';
import { createOauth4webapiCheck } from './peers/oauth4webapi.mjs';
import { fillWithOthers } from './revocations.mjs';

/** @typedef {import('./in-process.mjs').Case} Case */
/** @typedef {import('./fixtures.mjs').Fixture} Fixture */

/**
 * Rows that verify one token after another, compared with the signature verification that whoever keeps no verified
 * token cannot do without.
 *
 * @param {Fixture} fixture
 * @returns {Promise<Case[]>}
 */
export async function createBearerCases(fixture) {
  return [createLimitCase(fixture), ...(await createGatehouseCases(fixture)), ...(await createPeerCases(fixture))];
}

/** @param {Fixture} fixture @returns {Promise<Case[]>} */
async function createGatehouseCases(fixture) {
  const cold = await createBearerCheck(fixture.settings);
  const warm = await createBearerCheck(fixture.settings);
  const watched = await createBearerCheck(fixture.settings, await watchEverything(fixture));
  /** @type {readonly string[]} */
  let freshTokens = [];
  return [
    {
      name: 'Gatehouse, cold',
      async prepare(count) {
        freshTokens = await fixture.mintMany(count);
      },
      run: (index) => cold(freshTokens[index] ?? ''),
      inTurns: true,
    },
    { name: 'Gatehouse, warm', run: () => warm(fixture.token) },
    { name: 'Gatehouse, warm, list and decisions', run: () => watched(fixture.token) },
  ];
}

/** A list with entries of every kind, and a sink for decisions. @param {Fixture} fixture */
async function watchEverything({ settings: { issuer } }) {
  const revocations = createRevocationList();
  await fillWithOthers(revocations, issuer, 1000);
  /** @satisfies {Partial<import('@gatehouse/core').VerifierOptions>} */
  const options = {
    stores: { revocations },
    onDecision({ outcome }) {
      expect(outcome === 'accepted', `the decision says "${outcome}"`);
    },
  };
  return options;
}

/** @param {Fixture} fixture @returns {Promise<Case[]>} */
async function createPeerCases({ settings, token }) {
  const jose = createJoseCheck(settings);
  const oauth4webapi = createOauth4webapiCheck(settings, { requireDPoP: false });
  const webRequest = new Request(`${resource}/data`, { headers: fieldsFor(token) });
  const fastJwt = createFastJwtCheck(settings, { cache: false });
  const fastJwtCached = createFastJwtCheck(settings, { cache: true });
  const aws = await createAwsCheck(settings);
  const auth0 = createAuth0Guards(settings, { requireDPoP: false });
  const expressJwt = createExpressJwtGuards(settings);
  const mcp = createMcpGuards(settings);
  // Another object each time: guards write into it.
  const fields = fieldsFor(token);
  /** @param {readonly import('express').RequestHandler[]} guards */
  const call = (guards) => () => callGuards(guards, toExpressRequest(fields));
  return [
    { name: 'jose', run: () => jose(token), inTurns: true },
    { name: 'aws-jwt-verify', run: () => aws(token), inTurns: true },
    { name: 'fast-jwt', run: () => fastJwt(token), inTurns: true },
    { name: 'fast-jwt, its cache on', run: () => fastJwtCached(token) },
    { name: 'oauth4webapi', run: () => oauth4webapi(webRequest), inTurns: true },
    { name: 'express-oauth2-jwt-bearer', run: call(auth0), inTurns: true },
    { name: 'express-jwt and jwks-rsa', run: call(expressJwt), inTurns: true },
    { name: 'MCP SDK and jose', run: call(mcp), inTurns: true },
  ];
}
