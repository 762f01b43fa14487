import { constants, type KeyObject, type SigningOptions, verify } from 'node:crypto';
import type { Ready } from '../ready.ts';
import type { JwsAlgorithm } from './algorithms.ts';
import { createThreadChoice } from './thread-choice.ts';

interface Scheme {
  /** As Node names the type of a key, and the curve of a key of type `ec`. */
  readonly keyType: 'ec' | 'ed25519' | 'rsa';
  readonly namedCurve?: string;
  /** None where the algorithm has its own. */
  readonly digest: 'sha256' | 'sha384' | 'sha512' | null;
  /** Undefined where a signature is as long as the modulus of its key. */
  readonly signatureBytes?: number;
  readonly options?: SigningOptions;
  /** Whether it takes ten times as long as the others, which is nothing to stop the process for. */
  readonly isSlow?: boolean;
}

/** R and S, each as long as the curve's order, one after the other (RFC 7518 §3.4). */
const ecdsa = (digest: Scheme['digest'], namedCurve: string, signatureBytes: number): Scheme => ({
  keyType: 'ec',
  namedCurve,
  digest,
  signatureBytes,
  options: { dsaEncoding: 'ieee-p1363' },
  // OpenSSL has a fast path for P-256 alone.
  isSlow: namedCurve !== 'prime256v1',
});

/** RFC 7518 §3.3. */
const rsaPkcs1 = (digest: Scheme['digest']): Scheme => ({
  keyType: 'rsa',
  digest,
  options: { padding: constants.RSA_PKCS1_PADDING },
});

/** The salt is as long as the digest, which is also that of the mask (RFC 7518 §3.5). */
const rsaPss = (digest: Scheme['digest']): Scheme => ({
  keyType: 'rsa',
  digest,
  options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
});

/** RFC 8037 §3.1. */
const ed25519: Scheme = { keyType: 'ed25519', digest: null, signatureBytes: 64 };

const schemes: Readonly<Record<JwsAlgorithm, Scheme>> = {
  ES256: ecdsa('sha256', 'prime256v1', 64),
  ES384: ecdsa('sha384', 'secp384r1', 96),
  ES512: ecdsa('sha512', 'secp521r1', 132),
  EdDSA: ed25519,
  Ed25519: ed25519,
  PS256: rsaPss('sha256'),
  PS384: rsaPss('sha384'),
  PS512: rsaPss('sha512'),
  RS256: rsaPkcs1('sha256'),
  RS384: rsaPkcs1('sha384'),
  RS512: rsaPkcs1('sha512'),
};

/** The threads of a process are shared by all that it verifies. */
const choose = createThreadChoice();

/** A public key that verifies the signatures of one algorithm. */
export interface VerificationKey {
  /**
   * Verifies the signature of a JWS (RFC 7515 §5.2, step 8), on this thread or on one of Node's pool: see `ThreadChoice`.
   * Every proof and every new token carries one that nobody has seen before, so this is what is not left to `jose`: through
   * WebCrypto it takes longer.
   *
   * @param signingInput the first two segments as received, their dot included (RFC 7515 §2); one byte for each character
   * @returns false for whatever the key did not sign
   * @throws what OpenSSL reports where it cannot verify at all: no input brings that about
   */
  verify(signingInput: string, signature: Uint8Array): Ready<boolean>;
}

/** A key of another kind than the algorithm's verifies nothing: OpenSSL would do it, under options that are not meant for it. */
const verifiesNothing: VerificationKey = { verify: () => false };

/** To be kept: what OpenSSL has to be told is put together here, once for all signatures. */
export function createVerificationKey(algorithm: JwsAlgorithm, key: KeyObject): VerificationKey {
  const scheme = schemes[algorithm];
  if (!isKeyFor(scheme, key)) return verifiesNothing;
  const { digest, options, isSlow = false } = scheme;
  const bytes = lengthOf(scheme, key);
  const given = { ...options, key };
  return {
    verify(signingInput, signature) {
      if (signature.length !== bytes) return false;
      const data = Buffer.from(signingInput, 'latin1');
      return choose({
        here: isSlow ? undefined : () => verify(digest, data, given, signature),
        onPool: (done) => verify(digest, data, given, signature, done),
      });
    },
  };
}

function isKeyFor({ keyType, namedCurve }: Scheme, key: KeyObject): boolean {
  return key.asymmetricKeyType === keyType && key.asymmetricKeyDetails?.namedCurve === namedCurve;
}

/** Of a signature, in bytes. OpenSSL forgives PSS the zeros that are left out before one (RFC 8017 §8.1.2, step 1). */
function lengthOf({ signatureBytes }: Scheme, key: KeyObject): number {
  return signatureBytes ?? Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8);
}
