import { randomUUID } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createRevocationList } from '@gatehouse/core';
import { createBearerCheck } from './gatehouse.mjs';
import { expect } from './in-process.mjs';

/** @typedef {import('./in-process.mjs').Case} Case */

/** Of each kind there are some, so that a token is looked for in all of them. */
const targets = ['sub', 'session', 'clientId', 'task'];

/**
 * Rows that ask what is revoked: nothing, or so many other tokens, whose memory is printed.
 *
 * @param {import('./fixtures.mjs').Fixture} fixture
 * @param {number} entries
 * @returns {Promise<Case[]>}
 */
export async function createRevocationCases(fixture, entries) {
  const empty = createRevocationList();
  const full = createRevocationList();
  const before = heapMegabytes();
  await fillWithOthers(full, fixture.settings.issuer, entries);
  const used = heapMegabytes() - before;
  const number = entries === 1_000_000 ? 'a million' : entries.toLocaleString('en');
  console.log(`\nA revocation list of ${number} tokens holds about ${Math.round(used)} MB.`);
  const { settings, token } = fixture;
  const checkByEmpty = await createBearerCheck(settings, { stores: { revocations: empty } });
  const checkByFull = await createBearerCheck(settings, { stores: { revocations: full } });
  const { agent } = await checkByEmpty(token);
  return [
    { name: 'Gatehouse, warm, nothing is revoked', run: () => checkByEmpty(token) },
    { name: `Gatehouse, warm, ${number} are`, run: () => checkByFull(token) },
    { name: 'the list alone, nothing is revoked', run: () => expect(empty.find(agent) === undefined, 'revoked') },
    { name: `the list alone, ${number} are`, run: () => expect(full.find(agent) === undefined, 'revoked') },
  ];
}

/**
 * Revokes so many tokens, subjects, sessions, clients and tasks that the fixture has nothing of.
 *
 * @param {import('@gatehouse/core').RevocationList} list
 * @param {string} iss
 * @param {number} entries
 */
export async function fillWithOthers(list, iss, entries) {
  const at = new Date();
  const later = new Date(at.getTime() + 86_400_000);
  const facts = { issuedBefore: later, expiresAt: later, at, author: 'bench', reason: 'the task has ended' };
  for (let count = 0; count < entries - targets.length; count += 1) {
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
