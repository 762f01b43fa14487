import { createPrivateKey, type JsonWebKey, KeyObject } from 'node:crypto';
import { types } from 'node:util';
import { isPlainObject } from '../../schema.ts';
import type { JwsAlgorithm } from '../algorithms.ts';

/** The private key in a JWK, or in a key of node:crypto or Web Crypto; undefined where there is none. */
export function readPrivateKey(input: unknown): KeyObject | undefined {
  try {
    const key = toKeyObject(input);
    return key?.type === 'private' ? key : undefined;
  } catch {
    // What is wrong with a key may be told with a part of the key.
    return undefined;
  }
}

function toKeyObject(input: unknown): KeyObject | undefined {
  if (input instanceof KeyObject) return input;
  if (types.isCryptoKey(input)) return KeyObject.from(input);
  return isPlainObject(input) ? createPrivateKey({ key: input as JsonWebKey, format: 'jwk' }) : undefined;
}

const curves: Readonly<Record<string, JwsAlgorithm>> = { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' };

/** Whether a key signs with this algorithm (RFC 7518 §3.3 to §3.5, RFC 8037 §3.1). */
export function canSign(
  { asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject,
  algorithm: string,
): boolean {
  switch (type) {
    case 'ec':
      return curves[details?.namedCurve ?? ''] === algorithm;
    case 'ed25519':
      return algorithm === 'EdDSA' || algorithm === 'Ed25519';
    case 'rsa':
      return /^[RP]S/.test(algorithm) && (details?.modulusLength ?? 0) >= 2048;
    default:
      return false;
  }
}
