import { fieldsFor, fieldsWithProof } from '../fixtures.mjs';

/** @typedef {import('../fixtures.mjs').Fixture} Fixture */
/** @typedef {import('./measure.mjs').NextRequests} NextRequests */

/** A server that answers more than this many in a second gets a shorter sample. */
const proofsPerSecond = 8000;

/** One request with the same token, again and again. @param {Fixture} fixture @returns {NextRequests} */
export function repeatToken({ token }) {
  return ({ anonymous = false }) => [toText(fieldsFor(anonymous ? undefined : token))];
}

/**
 * Requests that have a proof of their own. In each round, all rows are sent the same ones.
 *
 * @param {Fixture} fixture
 * @param {import('./measure.mjs').Effort} effort
 * @returns {NextRequests}
 */
export function sendProofs({ boundToken, prove }, { seconds }) {
  /** @type {Set<unknown>} */
  const served = new Set();
  /** @type {readonly string[] | undefined} */
  let requests;
  return (subject) => {
    if (requests !== undefined && !served.has(subject)) {
      served.add(subject);
      return undefined;
    }
    served.clear();
    served.add(subject);
    const create = () => toText(fieldsWithProof(boundToken, prove()));
    requests = Array.from({ length: Math.ceil(proofsPerSecond * seconds) }, create);
    return requests;
  };
}

/** @param {Readonly<Record<string, string>>} fields */
function toText(fields) {
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET /data HTTP/1.1\r\n${lines.join('')}\r\n`;
}
