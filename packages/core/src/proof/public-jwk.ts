import { createPublicKey, hash, type KeyObject } from 'node:crypto';
import { decodeBase64url } from '../base64url.ts';
import type { JwsAlgorithm } from '../issuer/algorithms.ts';
import { isForVerifying, isSecretKey } from '../issuer/json-web-keys.ts';
import { isJsonObject, type JsonObject } from '../json.ts';

/** The public key that a proof brings, checked in form only: to import it can cost as much as to verify a signature. */
export interface PublicJwk {
  /** SHA-256 of `canonical`, in base64url: what `cnf.jkt` of a bound token says (RFC 7638 §3, RFC 9449 §6.1). */
  readonly thumbprint: string;
  /** The members that make the key and no others, in the one spelling that thumbprints hash (RFC 7638 §3.3). */
  readonly canonical: string;
}

const coordinateBytes = { 'P-256': 32, 'P-384': 48, 'P-521': 66, Ed25519: 32 } as const;

type Curve = keyof typeof coordinateBytes;

/** The one kind of key that an algorithm takes (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2). */
const keyKinds: Readonly<Record<JwsAlgorithm, Curve | 'RSA'>> = {
  ES256: 'P-256',
  ES384: 'P-384',
  ES512: 'P-521',
  EdDSA: 'Ed25519',
  Ed25519: 'Ed25519',
  PS256: 'RSA',
  PS384: 'RSA',
  PS512: 'RSA',
  RS256: 'RSA',
  RS384: 'RSA',
  RS512: 'RSA',
};

/**
 * Reads the `jwk` of a proof's header, without arithmetic: a point may turn out not to be on its curve.
 *
 * @param algorithm the `alg` of the same header
 * @returns undefined for what is not the public part of a key for this algorithm: RSA of 2048 to 4096 bits with the exponent
 *   65537, or a curve, each number in its one spelling; and for any key with a private or symmetric member (RFC 9449 §4.2)
 */
export function readPublicJwk(jwk: unknown, algorithm: JwsAlgorithm): PublicJwk | undefined {
  if (!isJsonObject(jwk) || isSecretKey(jwk)) return undefined;
  if (!isForVerifying(jwk) || !isForAlgorithm(jwk, algorithm)) return undefined;
  const canonical = writeCanonical(jwk, keyKinds[algorithm]);
  return canonical === undefined ? undefined : { thumbprint: hash('sha256', canonical, 'base64url'), canonical };
}

/** The key itself, made of nothing but what its thumbprint covers; undefined where the point is not on the curve. */
export function importPublicJwk({ canonical }: PublicJwk): KeyObject | undefined {
  try {
    return createPublicKey({ key: JSON.parse(canonical), format: 'jwk' });
  } catch {
    return undefined;
  }
}

/** `EdDSA` and `Ed25519` are two names of one algorithm here (RFC 9864 §2.2). */
function isForAlgorithm({ alg }: JsonObject, algorithm: JwsAlgorithm): boolean {
  if (alg === undefined || alg === algorithm) return true;
  return keyKinds[algorithm] === 'Ed25519' && (alg === 'EdDSA' || alg === 'Ed25519');
}

/** Every text in here was found to be base64url or a constant, so that nothing needs to be escaped. */
function writeCanonical({ kty, crv, x, y, n, e }: JsonObject, kind: Curve | 'RSA'): string | undefined {
  if (kind === 'RSA') {
    return kty === 'RSA' && e === 'AQAB' && isModulus(n) ? `{"e":"AQAB","kty":"RSA","n":"${n}"}` : undefined;
  }
  if (crv !== kind || !isCoordinate(x, kind)) return undefined;
  if (kind === 'Ed25519') return kty === 'OKP' ? `{"crv":"Ed25519","kty":"OKP","x":"${x}"}` : undefined;
  return kty === 'EC' && isCoordinate(y, kind) ? `{"crv":"${kind}","kty":"EC","x":"${x}","y":"${y}"}` : undefined;
}

/** Zeros before the number are part of it (RFC 7518 §6.2.1.2, RFC 8037 §2). */
function isCoordinate(text: unknown, curve: Curve): text is string {
  const bytes = coordinateBytes[curve];
  return typeof text === 'string' && text.length === Math.ceil((bytes * 4) / 3) && decodeBase64url(text) !== undefined;
}

/** The length in base64url of 4096 bits. */
const longestModulus = 683;

/** 2048 to 4096 bits, without zeros before them (RFC 7518 §3.3, §6.3.1.1). */
function isModulus(text: unknown): text is string {
  const bytes = typeof text === 'string' && text.length <= longestModulus ? decodeBase64url(text) : undefined;
  const first = bytes?.[0] ?? 0;
  return bytes !== undefined && first > 0 && bytes.length * 8 - (Math.clz32(first) - 24) >= 2048;
}
