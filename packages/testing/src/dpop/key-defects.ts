import { createHmac, randomBytes } from 'node:crypto';
import { flipBit, loosen, pad, signedByAttacker, withHeader, withSignature } from '../defect-writers.ts';
import { createCertificate } from '../der.ts';
import { attackerKey } from '../signing-keys.ts';
import { encode } from '../token.ts';
import type { ProofDefectTable } from './defect.ts';
import { ecdsa, keyWithShortCoordinate, ofKind, type ProofKey, rsa, weakRsaKey } from './proof-key.ts';

/** What is wrong with the key of a proof, or with the way in which the proof shows it. */
export type KeyDefect =
  | 'missing-jwk'
  | 'string-jwk'
  | 'array-jwk'
  | 'incomplete-jwk'
  | 'kid-for-jwk'
  | 'jku-for-jwk'
  | 'x5c-for-jwk'
  | 'foreign-jwk'
  | 'private-jwk'
  | 'jwk-with-prime'
  | 'jwk-with-secret'
  | 'symmetric-jwk'
  | 'point-off-curve'
  | 'loose-coordinate'
  | 'padded-coordinate'
  | 'long-coordinate'
  | 'short-coordinate'
  | 'rsa-2047'
  | 'rsa-exponent-3';

const secret = randomBytes(32);
/** Those with a coordinate of 32 bytes, which base64url has spare bits and padding for. */
const roomy = ['ES256', 'EdDSA', 'Ed25519'] as const;

export const keyDefects: ProofDefectTable<KeyDefect> = {
  'missing-jwk': { means: 'There is no `jwk`, nor anything in its place.', write: withHeader({ jwk: undefined }) },
  'string-jwk': {
    means: '`jwk` is the JSON text of the key, in a string.',
    write: withHeader(({ header }) => ({ jwk: JSON.stringify(header.jwk) })),
  },
  'array-jwk': {
    means: '`jwk` is an array with the key in it.',
    write: withHeader(({ header }) => ({ jwk: [header.jwk] })),
  },
  'incomplete-jwk': {
    means: '`jwk` lacks a member that its `kty` demands: `x`, or `n`.',
    write: withHeader(({ key }) => ({
      jwk: { ...key.publicKey.export({ format: 'jwk' }), x: undefined, n: undefined },
    })),
  },
  'kid-for-jwk': {
    means: 'There is no `jwk`; `kid` names the key.',
    write: withHeader(({ key }) => ({ jwk: undefined, kid: key.kid })),
  },
  'jku-for-jwk': {
    means: 'There is no `jwk`; `jku` says where to fetch the key that `kid` names.',
    write: withHeader(({ key }) => ({ jwk: undefined, kid: key.kid, jku: 'https://attacker.example/jwks' })),
  },
  'x5c-for-jwk': {
    means: 'There is no `jwk`; `x5c` holds a certificate of the key.',
    write: async (draft) => {
      const authority = await attackerKey('ES256');
      const certificate = createCertificate(draft.key.publicKey, authority.privateKey);
      return withHeader({ jwk: undefined, x5c: [certificate.toString('base64')] })(draft);
    },
  },
  'foreign-jwk': {
    means: "An attacker signed it, and it shows the attacker's key: a sound proof, but the token is bound to another.",
    write: signedByAttacker(({ publicKey }) => ({ jwk: publicKey.export({ format: 'jwk' }) })),
  },
  'private-jwk': {
    means: '`jwk` holds the private key too.',
    write: withHeader(({ key }) => ({ jwk: key.privateKey.export({ format: 'jwk' }) })),
  },
  'jwk-with-prime': {
    means: '`jwk` is an RSA key with its prime factor `p`, from which the private key follows, and without `d`.',
    key: async (own) => {
      const { signer, jwk } = await ofKind(own, rsa);
      const { p = '' } = signer.privateKey.export({ format: 'jwk' });
      return { signer, jwk: { ...jwk, p } };
    },
  },
  'jwk-with-secret': {
    means: '`jwk` has a member `k`, as the secret of a symmetric key is called.',
    key: ({ signer, jwk }) => ({ signer, jwk: { ...jwk, k: encode(secret) } }),
  },
  'symmetric-jwk': {
    means: '`jwk` is a secret (`kty` is `oct`), and `alg` is `HS256`.',
    key: ({ signer }) => ({ signer, jwk: { kty: 'oct', k: encode(secret) } }),
    write: withSignature('HS256', (text) => createHmac('sha256', secret).update(text).digest()),
  },
  'point-off-curve': {
    means: 'The last bit of `y` is flipped: no such point lies on the curve.',
    key: async (own) => respelled(await ofKind(own, ecdsa), 'y', flipBit),
  },
  'loose-coordinate': {
    means:
      'The last character of `x` has spare bits set; a forgiving decoder gets the same key, of another thumbprint.',
    key: async (own) => respelled(await ofKind(own, roomy), 'x', loosen),
  },
  'padded-coordinate': {
    means: '`x` ends in `=`; a forgiving decoder gets the same key, of another thumbprint.',
    key: async (own) => respelled(await ofKind(own, roomy), 'x', pad),
  },
  'long-coordinate': {
    means: '`x` of an EC key has a zero byte too many in front: the same number, of another thumbprint.',
    key: async (own) => respelled(await ofKind(own, ecdsa), 'x', withLeadingZero),
  },
  'short-coordinate': {
    means: '`x` of an EC key lacks the zero byte that it begins with: the same number, of another thumbprint.',
    key: keyWithShortCoordinate,
  },
  'rsa-2047': {
    means: 'The key is RSA and has 2047 bits.',
    key: (own) => weakRsaKey(own, 'short-modulus'),
  },
  'rsa-exponent-3': {
    means: 'The key is RSA and has the public exponent 3.',
    key: (own) => weakRsaKey(own, 'exponent-3'),
  },
};

function respelled({ signer, jwk }: ProofKey, member: 'x' | 'y', respell: (value: string) => string): ProofKey {
  return { signer, jwk: { ...jwk, [member]: respell(String(jwk[member])) } };
}

function withLeadingZero(coordinate: string): string {
  return encode(Buffer.concat([Buffer.of(0), Buffer.from(coordinate, 'base64url')]));
}
