import { type KeyObject, sign } from 'node:crypto';

export const integer = 0x02;
export const bitString = 0x03;
export const sequence = 0x30;
const utcTime = 0x17;

// 1.2.840.10045.4.3.2, ecdsa-with-SHA256.
export const ecdsaWithSha256: Buffer = Buffer.from('300a06082a8648ce3d040302', 'hex');
// CN=test
const name = Buffer.from('300f310d300b06035504030c0474657374', 'hex');

/** Until the last year that two digits can name. */
export const validity: Buffer = encodeDer(
  sequence,
  encodeDer(utcTime, Buffer.from('200101000000Z')),
  encodeDer(utcTime, Buffer.from('491231235959Z')),
);

/** The DER form (RFC 3279 §2.2.3) of an ECDSA signature that is R and S side by side. */
export function toDerSignature(signature: Uint8Array): Buffer {
  const half = signature.length / 2;
  return encodeDer(
    sequence,
    encodeDer(integer, positive(signature.subarray(0, half))),
    encodeDer(integer, positive(signature.subarray(half))),
  );
}

/** A certificate (RFC 5280 §4.1, version 1) of a public key, in DER, under an authority's P-256 key. */
export function createCertificate(publicKey: KeyObject, authority: KeyObject): Buffer {
  const content = encodeDer(
    sequence,
    encodeDer(integer, Buffer.of(1)),
    ecdsaWithSha256,
    name,
    validity,
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
  );
  const signature = sign('sha256', content, authority);
  return encodeDer(sequence, content, ecdsaWithSha256, encodeDer(bitString, Buffer.of(0), signature));
}

/** Without zero bytes in front, but for the one that keeps the sign bit clear. */
function positive(bytes: Uint8Array): Uint8Array {
  const first = bytes.findIndex((byte) => byte !== 0);
  const significant = bytes.subarray(first);
  return Number(significant[0]) < 0x80 ? significant : Buffer.concat([Buffer.of(0), significant]);
}

/** A value in DER: tag, length, contents (X.690 §8.1). */
export function encodeDer(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...size), content]);
}
