import type { KeyObject } from 'node:crypto';
import type { JWSHeaderParameters } from 'jose';
import { decodeBase64url } from '../base64url.ts';
import type { JwsAlgorithm } from './algorithms.ts';
import type { KeySet, OfferedKeys } from './key-set.ts';
import { verifySignature } from './signature.ts';

/**
 * The keys of an issuer, one of which verifies the signature of a compact JWS; else whether there was a key that fits.
 *
 * @throws UnavailableError when no keys can be had
 */
export async function findVerifyingKeys(
  compact: string,
  keys: KeySet,
  header: JWSHeaderParameters & { readonly alg: JwsAlgorithm },
): Promise<Pick<OfferedKeys, 'published' | 'ageSeconds'> | 'no-key' | 'no-signature'> {
  // RFC 7515 §2: what was signed are the first two segments as received, their dot included.
  const dot = compact.lastIndexOf('.');
  const signature = decodeBase64url(compact.slice(dot + 1));
  if (signature === undefined) return 'no-signature';
  const isVerifiedBy = (candidates: readonly KeyObject[]) =>
    verifiesOne(candidates, header.alg, compact.slice(0, dot), signature);
  const known = await keys.select(header);
  if (await isVerifiedBy(known.keys)) return known;
  const newer = await known.renew();
  if (newer !== undefined && (await isVerifiedBy(newer.keys))) return newer;
  return known.keys.length > 0 || (newer?.keys.length ?? 0) > 0 ? 'no-signature' : 'no-key';
}

async function verifiesOne(
  keys: readonly KeyObject[],
  algorithm: JwsAlgorithm,
  signingInput: string,
  signature: Uint8Array,
): Promise<boolean> {
  for (const key of keys) {
    if (await verifySignature(algorithm, key, signingInput, signature)) return true;
  }
  return false;
}
