import { verify } from 'node:crypto';
import { createVerifier } from '@gatehouse/core';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { fieldsFor, resource, scope } from './fixtures.mjs';
import { alternate, toMicroseconds } from './measure.mjs';

/**
 * @typedef {object} Case
 * @property {string} name
 * @property {(index: number) => unknown} run one operation, awaited; throws when its result is wrong
 * @property {(count: number) => Promise<void>} [prepare] before each round, unmeasured: `run` is called with 0 to count - 1
 */

/**
 * Rows that verify one token after another, compared with the signature verification that none of them can do without.
 *
 * @param {import('./fixtures.mjs').Fixture} fixture
 * @returns {Promise<Case[]>}
 */
async function createCases(fixture) {
  const verifier = createVerifier({ resource, issuers: [fixture.issuer.issuer] });
  await verifier.ready();
  const guard = { requirement: verifier.prepare(scope), mode: /** @type {const} */ ('require'), route: '/data' };

  /** @param {string} token */
  async function check(token) {
    const { outcome } = await verifier.check({ method: 'GET', target: '/data', headers: listFields(token) }, guard);
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
function verifySignature({ token, publicKey }) {
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

/** @param {string} token */
function listFields(token) {
  return Object.fromEntries(Object.entries(fieldsFor(token)).map(([name, value]) => [name, [value]]));
}

/** @param {boolean} holds @param {string} complaint */
function expect(holds, complaint) {
  if (!holds) throw new Error(complaint);
}

/**
 * @param {import('./fixtures.mjs').Fixture} fixture
 * @param {{ readonly rounds: number, readonly seconds: number }} effort seconds for all rows together
 */
export async function measureInProcess(fixture, { rounds, seconds }) {
  const cases = await createCases(fixture);
  const slice = seconds / cases.length / (rounds + 1);
  const counts = new Map();
  for (const subject of cases) counts.set(subject, await calibrate(subject, slice));
  return alternate(cases, rounds, (subject) => sample(subject, counts.get(subject)));
}

/**
 * Warms a case up, and finds out how many operations fill a slice.
 *
 * @param {Case} subject
 * @param {number} slice in seconds
 */
async function calibrate(subject, slice) {
  for (let count = 64; ; count *= 2) {
    const { perSecond } = await sample(subject, count);
    if (count / perSecond > slice / 3) return Math.ceil(perSecond * slice);
  }
}

/** @param {Case} subject @param {number} count of operations */
async function sample({ prepare, run }, count) {
  await prepare?.(count);
  const cpu = process.cpuUsage();
  const start = performance.now();
  for (let index = 0; index < count; index += 1) await run(index);
  const milliseconds = performance.now() - start;
  const cpuMicroseconds = toMicroseconds(process.cpuUsage(cpu)) / count;
  return { perSecond: (count * 1000) / milliseconds, microseconds: (milliseconds * 1000) / count, cpuMicroseconds };
}
