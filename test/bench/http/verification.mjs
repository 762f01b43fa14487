import { generateKeyPairSync, sign, verify } from 'node:crypto';

/**
 * One ES256 verification of a text as long as that of a proof: what a guard has to do at least for each new proof. It is
 * in the server itself, so that it is measured under the same load as everything else.
 */
export function createVerification() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signingInput = Buffer.alloc(400, 'a');
  const dsaEncoding = /** @type {const} */ ('ieee-p1363');
  const signature = sign('sha256', signingInput, { key: privateKey, dsaEncoding });
  return () => {
    if (!verify('sha256', signingInput, { key: publicKey, dsaEncoding }, signature)) throw new Error('No signature.');
  };
}
