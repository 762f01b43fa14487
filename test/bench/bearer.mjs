import { verify } from 'node:crypto';
import { createVerifier } from '@gatehouse/core';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { fieldsFor, resource, scope } from './fixtures.mjs';
import { expect } from './in-process.mjs';

/** @typedef {import('./in-process.mjs').Case} Case */

/**
 * Rows that verify one token after another, compared with the signature verification that none of them can do without.
 *
 * @param {import('./fixtures.mjs').Fixture} fixture
 * @returns {Promise<Case[]>}
 */
export async function createBearerCases(fixture) {
  const verifier = createVerifier({ resource, issuers: [fixture.issuer.issuer] });
  await verifier.ready();
  const guard = { requirement: verifier.prepare(scope), mode: /** @type {const} */ ('require'), route: '/data' };

  /** @param {string} token */
  async function check(token) {
    const headers = listFields(fieldsFor(token));
    const { outcome } = await verifier.check({ method: 'GET', target: '/data', headers }, guard);
    expect(outcome === 'accepted', `the verifier answered "${outcome}"`);
  }

  /** @type {readonly string[]} */
  let freshTokens = [];

  return [
    verifySignature(fixture),
    verifyWithJose(fixture),
    {
      name: 'Gatehouse, bearer, cold',
      async prepare(count) {
        freshTokens = await fixture.mintMany(count);
      },
      run: (index) => check(freshTokens[index] ?? ''),
    },
    { name: 'Gatehouse, bearer, warm', run: () => check(fixture.token) },
  ];
}

/** @param {import('./fixtures.mjs').Fixture} fixture @returns {Case} */
export function verifySignature({ token, publicKey }) {
  const dot = token.lastIndexOf('.');
  const signingInput = Buffer.from(token.slice(0, dot));
  const signature = Buffer.from(token.slice(dot + 1), 'base64url');
  const key = /** @type {const} */ ({ key: publicKey, dsaEncoding: 'ieee-p1363' });
  return {
    name: 'ES256 verification alone',
    run: () => expect(verify('sha256', signingInput, key, signature), 'the signature does not verify'),
  };
}

/** @param {import('./fixtures.mjs').Fixture} fixture @returns {Case} */
function verifyWithJose({ token, issuer }) {
  const keys = createRemoteJWKSet(new URL(issuer.jwksUri));
  const options = { issuer: issuer.issuer, audience: resource, typ: 'at+jwt' };
  return {
    name: 'jose, remote key set, warm',
    async run() {
      const { payload } = await jwtVerify(token, keys, options);
      expect(payload.sub === 'alice', 'jose returned another token');
    },
  };
}

/** @param {Readonly<Record<string, string>>} fields */
export function listFields(fields) {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, [value]]));
}
