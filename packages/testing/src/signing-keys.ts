import { constants, createPublicKey, KeyObject, sign } from 'node:crypto';
import { generateKeyPair, type JWK } from 'jose';

/** A JWS algorithm (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2) that issuers and agents can sign with. */
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

/** One key pair of an issuer, of an agent, or of their attacker. */
export interface SigningKey {
  readonly algorithm: SigningAlgorithm;
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** As published: public members, `kid`, `alg` and `use`. */
  readonly publicJwk: JWK;
  /** The base64url signature over a text, by the key's own algorithm, whatever a header in that text claims. */
  sign(text: string): Promise<string>;
}

/** Generates a key pair. RSA keys have 2048 bits. */
export async function createSigningKey(algorithm: SigningAlgorithm, kid: string): Promise<SigningKey> {
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
  return signingKeyOf(KeyObject.from(privateKey), algorithm, kid);
}

/** Signs with a key that exists, strong enough for its algorithm or not. */
export function signingKeyOf(privateKey: KeyObject, algorithm: SigningAlgorithm, kid: string): SigningKey {
  const publicKey = createPublicKey(privateKey);
  const hash = privateKey.asymmetricKeyType === 'ed25519' ? undefined : `sha${algorithm.slice(2)}`;
  const input = { key: privateKey, ...signatureFormat(algorithm) };
  return {
    algorithm,
    kid,
    privateKey,
    publicKey,
    publicJwk: { ...publicKey.export({ format: 'jwk' }), kid, alg: algorithm, use: 'sig' },
    sign: async (text) => sign(hash, Buffer.from(text, 'latin1'), input).toString('base64url'),
  };
}

const attackerKeys = new Map<SigningAlgorithm, Promise<SigningKey>>();

/** The key of somebody else: one per algorithm and process, published by no issuer. */
export function attackerKey(algorithm: SigningAlgorithm): Promise<SigningKey> {
  const known = attackerKeys.get(algorithm) ?? createSigningKey(algorithm, 'attacker-key');
  attackerKeys.set(algorithm, known);
  return known;
}

// ECDSA as R and S side by side (RFC 7518 §3.4); a PSS salt is as long as the hash (§3.5).
function signatureFormat(algorithm: SigningAlgorithm): object {
  if (algorithm.startsWith('ES')) return { dsaEncoding: 'ieee-p1363' };
  if (!algorithm.startsWith('PS')) return {};
  return { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
}
