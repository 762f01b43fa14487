import { randomUUID, sign } from 'node:crypto';
import {
  afterSigning,
  flipBit,
  hmacWithPublicKey,
  signedByAttacker,
  unsigned,
  withHeader,
  withSignature,
} from '../defect-writers.ts';
import { toDerSignature } from '../der.ts';
import { encode } from '../token.ts';
import type { ProofDefectTable } from './defect.ts';
import { ecdsa, ofKind, rsa } from './proof-key.ts';

/** What is wrong with the type, the algorithm or the signature of a proof. */
export type HeaderDefect =
  | 'missing-typ'
  | 'typ-jwt'
  | 'typ-at-jwt'
  | 'critical-header'
  | 'unencoded-payload'
  | 'missing-alg'
  | 'lowercase-alg'
  | 'foreign-alg'
  | 'sha1-alg'
  | 'unsigned'
  | 'unsigned-mixed-case'
  | 'hmac-with-public-key'
  | 'missing-signature'
  | 'zero-signature'
  | 'der-signature'
  | 'foreign-key'
  | 'tampered-header'
  | 'tampered-payload'
  | 'tampered-signature';

export const headerDefects: ProofDefectTable<HeaderDefect> = {
  'missing-typ': { means: 'There is no `typ`.', write: withHeader({ typ: undefined }) },
  'typ-jwt': { means: '`typ` is `JWT`.', write: withHeader({ typ: 'JWT' }) },
  'typ-at-jwt': { means: '`typ` is that of an access token, `at+jwt`.', write: withHeader({ typ: 'at+jwt' }) },
  'critical-header': {
    means: '`crit` names a header member that nobody knows.',
    write: withHeader({ crit: ['https://example.com/unknown'], 'https://example.com/unknown': true }),
  },
  'unencoded-payload': {
    means: '`b64` is `false`, and `crit` names it: the payload is not base64url, says the header.',
    write: withHeader({ crit: ['b64'], b64: false }),
  },
  'missing-alg': { means: 'There is no `alg`.', write: withHeader({ alg: undefined }) },
  'lowercase-alg': {
    means: '`alg` is written in lower case.',
    write: withHeader(({ key }) => ({ alg: key.algorithm.toLowerCase() })),
  },
  'foreign-alg': {
    means: '`alg` is one for another kind of key than `jwk` is.',
    write: withHeader(({ key }) => ({ alg: key.algorithm === 'ES256' ? 'PS256' : 'ES256' })),
  },
  'sha1-alg': {
    means: '`alg` is `RS1`, which is RSA with SHA-1, and the signature is one.',
    key: (own) => ofKind(own, rsa),
    write: withSignature('RS1', (text, { key }) => sign('sha1', Buffer.from(text), key.privateKey)),
  },
  unsigned: { means: '`alg` is `none`, and the signature is empty.', write: unsigned() },
  'unsigned-mixed-case': { means: '`alg` is `nOnE`, and the signature is empty.', write: unsigned('nOnE') },
  'hmac-with-public-key': {
    means: "`alg` is `HS256`, and the secret is the public key's PEM.",
    write: hmacWithPublicKey,
  },
  'missing-signature': {
    means: '`alg` is the right one, and the signature is empty.',
    write: afterSigning(([header, payload]) => `${header}.${payload}.`),
  },
  'zero-signature': {
    means: 'All bytes of the signature are zero: in ECDSA, R and S are.',
    write: afterSigning(
      ([header, payload, signature]) =>
        `${header}.${payload}.${encode(Buffer.alloc(Buffer.from(signature, 'base64url').length))}`,
    ),
  },
  'der-signature': {
    means: 'The ECDSA signature is DER, as in certificates, not R and S side by side.',
    key: (own) => ofKind(own, ecdsa),
    write: afterSigning(
      ([header, payload, signature]) =>
        `${header}.${payload}.${encode(toDerSignature(Buffer.from(signature, 'base64url')))}`,
    ),
  },
  'foreign-key': { means: 'An attacker signed it, under the `jwk` of the agent.', write: signedByAttacker() },
  'tampered-header': {
    means: 'A member was added to the header after the signing.',
    write: afterSigning(
      ([, payload, signature], { header }) =>
        `${encode(JSON.stringify({ ...header, note: 'added' }))}.${payload}.${signature}`,
    ),
  },
  'tampered-payload': {
    means: '`jti` was replaced after the signing.',
    write: afterSigning(
      ([header, , signature], { claims }) =>
        `${header}.${encode(JSON.stringify({ ...claims, jti: randomUUID() }))}.${signature}`,
    ),
  },
  'tampered-signature': {
    means: 'One bit of the signature is flipped.',
    write: afterSigning(([header, payload, signature]) => `${header}.${payload}.${flipBit(signature)}`),
  },
};
