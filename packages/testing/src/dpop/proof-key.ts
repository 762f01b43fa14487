import { createECDH, createPrivateKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { calculateJwkThumbprint, type JWK } from 'jose';
import { createSigningKey, type SigningAlgorithm, type SigningKey, signingKeyOf } from '../signing-keys.ts';
import { encode } from '../token.ts';

/** What signs a proof, and what the proof says that is. */
export interface ProofKey {
  readonly signer: SigningKey;
  /** The `jwk` of the header. Of a sound key: the members of RFC 7638 §3.2 and no other. */
  readonly jwk: JWK;
}

const kid = 'proof-key';

/** Generates a sound key. */
export async function createProofKey(algorithm: SigningAlgorithm): Promise<ProofKey> {
  return show(await createSigningKey(algorithm, kid));
}

/** What a token that is bound to this key has in `cnf.jkt` (RFC 9449 §6.1). */
export function thumbprintOf({ jwk }: ProofKey): Promise<string> {
  return calculateJwkThumbprint(jwk);
}

export const ecdsa = ['ES256', 'ES384', 'ES512'] as const;
export const rsa = ['PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512'] as const;
const spareKeys = new Map<SigningAlgorithm, Promise<ProofKey>>();

/** The key itself where it is for one of these algorithms, else one for the first of them, the same in all the process. */
export async function ofKind(
  own: ProofKey,
  algorithms: readonly [SigningAlgorithm, ...SigningAlgorithm[]],
): Promise<ProofKey> {
  if (algorithms.includes(own.signer.algorithm)) return own;
  const [algorithm] = algorithms;
  const spare = spareKeys.get(algorithm) ?? createProofKey(algorithm);
  spareKeys.set(algorithm, spare);
  return spare;
}

const weaknesses = {
  // One bit less than RFC 7518 §3.3 demands, in as many bytes as a sound key has.
  'short-modulus': { modulusLength: 2047 },
  'exponent-3': { modulusLength: 2048, publicExponent: 3 },
} as const;
type Weakness = keyof typeof weaknesses;
const weakKeys = new Map<Weakness, Promise<KeyObject>>();

/** An RSA key that nobody should accept, the same in all the process, for the algorithm of `own` if that is of RSA. */
export async function weakRsaKey(own: ProofKey, weakness: Weakness): Promise<ProofKey> {
  const key = weakKeys.get(weakness) ?? generateWeakKey(weakness);
  weakKeys.set(weakness, key);
  const algorithm = rsa.find((name) => name === own.signer.algorithm) ?? 'PS256';
  return show(signingKeyOf(await key, algorithm, kid));
}

// Never generateKeyPairSync: in Node 20 a key that it made cannot be exported as JWK while its maker is garbage-collected.
async function generateWeakKey(weakness: Weakness): Promise<KeyObject> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', weaknesses[weakness]);
  return privateKey;
}

/** A P-256 key whose `x` begins with a zero byte, as that of every 256th key does, and is written without it. */
export function keyWithShortCoordinate(): ProofKey {
  // The smallest private key of that kind: as safe as it looks.
  const d = Buffer.alloc(32);
  d.writeUInt16BE(379, 30);
  const pair = createECDH('prime256v1');
  pair.setPrivateKey(d);
  const [x, y] = [pair.getPublicKey().subarray(1, 33), pair.getPublicKey().subarray(33)];
  const key = { kty: 'EC', crv: 'P-256', d: encode(d), x: encode(x), y: encode(y) };
  const { signer, jwk } = show(signingKeyOf(createPrivateKey({ key, format: 'jwk' }), 'ES256', kid));
  return { signer, jwk: { ...jwk, x: encode(x.subarray(1)) } };
}

function show(signer: SigningKey): ProofKey {
  return { signer, jwk: { ...signer.publicKey.export({ format: 'jwk' }) } };
}
