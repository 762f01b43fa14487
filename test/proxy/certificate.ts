import { generateKeyPairSync, sign } from 'node:crypto';

/** A certificate with its key, both in PEM. */
export interface Certificate {
  readonly key: string;
  readonly certificate: string;
}

const tags = { integer: 0x02, bitString: 0x03, octetString: 0x04, utf8String: 0x0c, utcTime: 0x17, sequence: 0x30 };
// 1.2.840.10045.4.3.2, ecdsa-with-SHA256.
const ecdsaWithSha256 = Buffer.from('300a06082a8648ce3d040302', 'hex');
// 2.5.4.3, commonName.
const commonName = Buffer.from('0603550403', 'hex');
// 2.5.29.17, subjectAltName.
const subjectAltName = Buffer.from('0603551d11', 'hex');

/**
 * A certificate (RFC 5280 §4.1) that its own key signed.
 *
 * @param names what it is for, as DNS names. Many of them make a long one
 */
export function createCertificate(...names: readonly string[]): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { sequence, integer, bitString, octetString, utf8String, utcTime } = tags;
  const validity = ['200101000000Z', '491231235959Z'].map((time) => encode(utcTime, Buffer.from(time)));
  const holder = encode(
    sequence,
    encode(0x31, encode(sequence, commonName, encode(utf8String, Buffer.from(names[0] ?? '')))),
  );
  const alternatives = encode(sequence, ...names.map((name) => encode(0x82, Buffer.from(name))));
  const content = encode(
    sequence,
    encode(0xa0, encode(integer, Buffer.of(2))), // version 3
    encode(integer, Buffer.of(1)),
    ecdsaWithSha256,
    holder,
    encode(sequence, ...validity),
    holder,
    publicKey.export({ type: 'spki', format: 'der' }),
    encode(0xa3, encode(sequence, encode(sequence, subjectAltName, encode(octetString, alternatives)))),
  );
  const signature = encode(bitString, Buffer.of(0), sign('sha256', content, privateKey));
  const lines =
    encode(sequence, content, ecdsaWithSha256, signature)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificate: ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n'),
  };
}

function encode(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...size), content]);
}
