import { decodeBase64url } from '../base64url.ts';
import type { JwsHeader } from './algorithms.ts';
import type { KeySet, OfferedKeys } from './key-set.ts';
import type { VerificationKey } from './signature.ts';

/**
 * The keys of an issuer, one of which verifies the signature of a compact JWS; else whether there was a key that fits.
 *
 * @throws UnavailableError when no keys can be had
 */
export async function findVerifyingKeys(
  compact: string,
  keys: KeySet,
  header: JwsHeader,
): Promise<Pick<OfferedKeys, 'published' | 'ageSeconds'> | 'no-key' | 'no-signature'> {
  // RFC 7515 §2: what was signed are the first two segments as received, their dot included.
  const dot = compact.lastIndexOf('.');
  const signature = decodeBase64url(compact.slice(dot + 1));
  if (signature === undefined) return 'no-signature';
  const isVerifiedBy = (candidates: readonly VerificationKey[]) =>
    verifiesOne(candidates, compact.slice(0, dot), signature);
  const known = await keys.select(header);
  if (await isVerifiedBy(known.keys)) return known;
  const newer = await known.renew();
  if (newer !== undefined && (await isVerifiedBy(newer.keys))) return newer;
  return known.keys.length > 0 || (newer?.keys.length ?? 0) > 0 ? 'no-signature' : 'no-key';
}

async function verifiesOne(
  keys: readonly VerificationKey[],
  signingInput: string,
  signature: Uint8Array,
): Promise<boolean> {
  for (const key of keys) {
    if (await key.verify(signingInput, signature)) return true;
  }
  return false;
}
