import { randomUUID } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createRevocationList, createVerifier } from '@gatehouse/core';
import { listFields } from './bearer.mjs';
import { fieldsFor, resource, scope } from './fixtures.mjs';
import { expect } from './in-process.mjs';

/** @typedef {import('./in-process.mjs').Case} Case */

/** Of each kind there are some, so that a token is looked for in all of them. */
const targets = ['sub', 'session', 'clientId', 'task'];
const million = 1_000_000;

/**
 * Rows that ask what is revoked: nothing, or a million other tokens, whose memory is printed.
 *
 * @param {import('./fixtures.mjs').Fixture} fixture
 * @returns {Promise<Case[]>}
 */
export async function createRevocationCases(fixture) {
  const empty = createRevocationList();
  const full = createRevocationList();
  const before = heapMegabytes();
  await fill(full, fixture.issuer.issuer);
  const used = heapMegabytes() - before;
  console.log(`\nA revocation list of a million tokens holds about ${Math.round(used)} MB.`);
  const agent = await findAgent(fixture);
  return [
    await checkBy(fixture, 'Gatehouse, bearer, warm, nothing is revoked', empty),
    await checkBy(fixture, 'Gatehouse, bearer, warm, a million are', full),
    { name: 'the list alone, nothing is revoked', run: () => expect(empty.find(agent) === undefined, 'revoked') },
    { name: 'the list alone, a million are', run: () => expect(full.find(agent) === undefined, 'revoked') },
  ];
}

/** @param {import('./fixtures.mjs').Fixture} fixture @param {string} name @param {import('@gatehouse/core').RevocationList} revocations */
async function checkBy(fixture, name, revocations) {
  const verifier = createVerifier({ resource, issuers: [fixture.issuer.issuer], stores: { revocations } });
  await verifier.ready();
  const guard = { requirement: verifier.prepare(scope), mode: /** @type {const} */ ('require'), route: '/data' };
  const headers = listFields(fieldsFor(fixture.token));
  return {
    name,
    async run() {
      const { outcome } = await verifier.check({ method: 'GET', target: '/data', headers }, guard);
      expect(outcome === 'accepted', `the verifier answered "${outcome}"`);
    },
  };
}

/** @param {import('./fixtures.mjs').Fixture} fixture */
async function findAgent({ token, issuer }) {
  const verifier = createVerifier({ resource, issuers: [issuer.issuer] });
  const outcome = await verifier.check({ method: 'GET', target: '/', headers: listFields(fieldsFor(token)) });
  if (outcome.outcome !== 'accepted') throw new Error('The token is not accepted.');
  return outcome.agent;
}

/** @param {import('@gatehouse/core').RevocationList} list @param {string} iss */
async function fill(list, iss) {
  const at = new Date();
  const later = new Date(at.getTime() + 86_400_000);
  const facts = { issuedBefore: later, expiresAt: later, at, author: 'bench', reason: 'the task has ended' };
  for (let count = 0; count < million - targets.length; count += 1) {
    await list.add({ id: '', iss, tokenId: randomUUID(), ...facts });
  }
  for (const name of targets) {
    const target = /** @type {import('@gatehouse/core').RevocationTarget} */ ({ iss, [name]: 'another' });
    await list.add({ id: '', ...target, ...facts });
  }
}

/** Of what is in use, without what waits to be collected. */
function heapMegabytes() {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed / 1e6;
}
