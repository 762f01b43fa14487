import { verify } from 'node:crypto';
import { expect } from './in-process.mjs';

/** The one signature verification that nobody can do without who checks a new proof, or keeps no verified token. */
export const limitName = 'ES256 verification alone';

/**
 * @param {{ readonly token: string, readonly publicKey: import('node:crypto').KeyObject }} signed
 * @returns {import('./in-process.mjs').Case}
 */
export function createLimitCase({ token, publicKey }) {
  const dot = token.lastIndexOf('.');
  const signingInput = Buffer.from(token.slice(0, dot));
  const signature = Buffer.from(token.slice(dot + 1), 'base64url');
  const key = /** @type {const} */ ({ key: publicKey, dsaEncoding: 'ieee-p1363' });
  return {
    name: limitName,
    run: () => expect(verify('sha256', signingInput, key, signature), 'the signature does not verify'),
  };
}
