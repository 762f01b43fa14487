import { KeyObject, webcrypto } from 'node:crypto';
import { exportJWK, generateKeyPair, type JWK } from 'jose';

/** A JWS algorithm (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2) that a test issuer can sign with. */
export type SigningAlgorithm =
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'EdDSA'
  | 'Ed25519'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'RS256'
  | 'RS384'
  | 'RS512';

/** One key pair of an issuer, or of its attacker. */
export interface SigningKey {
  readonly algorithm: SigningAlgorithm;
  readonly kid: string;
  /** As published: public members, `kid`, `alg` and `use`. */
  readonly publicJwk: JWK;
  /** The public key as a PEM file holds it, last line end included. */
  publicPem(): string;
  /** The base64url signature over a text, by the key's own algorithm, whatever a header in that text claims. */
  sign(text: string): Promise<string>;
}

/** Generates a key pair. RSA keys have 2048 bits. */
export async function createSigningKey(algorithm: SigningAlgorithm, kid: string): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm);
  const publicJwk = { ...(await exportJWK(publicKey)), kid, alg: algorithm, use: 'sig' };
  const parameters = signatureParameters(algorithm, privateKey.algorithm.name);
  return {
    algorithm,
    kid,
    publicJwk,
    publicPem: () => KeyObject.from(publicKey).export({ type: 'spki', format: 'pem' }).toString(),
    async sign(text) {
      const signature = await webcrypto.subtle.sign(parameters, privateKey, Buffer.from(text, 'latin1'));
      return Buffer.from(signature).toString('base64url');
    },
  };
}

const attackerKeys = new Map<SigningAlgorithm, Promise<SigningKey>>();

/** The key of somebody else: one per algorithm and process, published by no issuer. */
export function attackerKey(algorithm: SigningAlgorithm): Promise<SigningKey> {
  const known = attackerKeys.get(algorithm) ?? createSigningKey(algorithm, 'attacker-key');
  attackerKeys.set(algorithm, known);
  return known;
}

// The digits of the name are the bits of the hash; a PSS salt is as long as the hash (RFC 7518 §3.5).
function signatureParameters(
  algorithm: SigningAlgorithm,
  name: string,
): { readonly name: string; readonly hash?: string; readonly saltLength?: number } {
  if (name === 'Ed25519') return { name };
  const bits = Number(algorithm.slice(2));
  return { name, hash: `SHA-${bits}`, saltLength: bits / 8 };
}
