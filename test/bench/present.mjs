import { createMemoryReplayStore } from '@gatehouse/core';
import { fieldsWithProof } from './fixtures.mjs';
import { createDpopCheck, listFields } from './gatehouse.mjs';

/** @typedef {import('./in-process.mjs').Case} Case */
/** @typedef {import('./fixtures.mjs').Fixture} Fixture */

/**
 * A maker of rows that verify the bound token with one new proof after another: the same proofs in every row, in the same
 * order, made before the time counts.
 *
 * @param {Fixture} fixture
 */
export function createPresenter({ boundToken, prove }) {
  /** @type {string[]} */
  const proofs = [];

  /**
   * @template Request
   * @param {string} name
   * @param {{ readonly toRequest: (fields: Record<string, string>) => Request, readonly check: (request: Request) => Promise<unknown> }} subject
   * @returns {Case}
   */
  return (name, { toRequest, check }) => {
    let used = 0;
    /** @type {(Request | undefined)[]} */
    let requests = [];
    return {
      name,
      async prepare(count) {
        while (proofs.length < used + count) proofs.push(prove());
        const next = proofs.slice(used, used + count);
        used += count;
        requests = next.map((proof) => toRequest(fieldsWithProof(boundToken, proof)));
      },
      run(index) {
        const request = /** @type {Request} */ (requests[index]);
        // As a server does with one that is answered: what is remembered of it goes, too.
        requests[index] = undefined;
        return check(request);
      },
    };
  };
}

/**
 * Our side of such a row: a verifier with a replay memory of its own, which keeps every proof of the run.
 *
 * @param {Fixture} fixture
 * @param {Partial<import('@gatehouse/core').VerifierOptions>} [more] options
 */
export async function createGatehouseSubject({ settings }, more) {
  return {
    /** @param {Record<string, string>} fields */
    toRequest: (fields) => ({ method: 'GET', target: '/data', headers: listFields(fields) }),
    check: await createDpopCheck(settings, { stores: { replay: createMemoryReplayStore() }, ...more }),
  };
}
