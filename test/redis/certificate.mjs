// @ts-check
import { generateKeyPairSync, sign } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory } from './processes.mjs';

const tags = { integer: 0x02, bitString: 0x03, octetString: 0x04, utcTime: 0x17, sequence: 0x30 };
// 1.2.840.10045.4.3.2, ecdsa-with-SHA256.
const ecdsaWithSha256 = Buffer.from('300a06082a8648ce3d040302', 'hex');
// CN=redis
const name = Buffer.from('3010310e300c06035504030c057265646973', 'hex');
// 2.5.29.17, subjectAltName.
const subjectAltName = Buffer.from('0603551d11', 'hex');
// iPAddress 127.0.0.1
const loopback = Buffer.from('87047f000001', 'hex');

/**
 * Writes a file with a key and a certificate for 127.0.0.1, in PEM. The file goes when this process ends.
 *
 * @returns its name, and the certificate alone: who trusts it trusts the server
 */
export async function writeServerCertificate() {
  const { key, certificate } = createServerCertificate();
  const file = join(await makeDirectory(), 'certificate.pem');
  await writeFile(file, key + certificate);
  return { file, ca: certificate };
}

/** A certificate (RFC 5280 §4.1) that its key signed: by `node:crypto`, because not every machine has openssl. */
function createServerCertificate() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { sequence, integer, bitString, octetString, utcTime } = tags;
  const validity = ['200101000000Z', '491231235959Z'].map((time) => encode(utcTime, Buffer.from(time)));
  const alternativeName = encode(sequence, subjectAltName, encode(octetString, encode(sequence, loopback)));
  const content = encode(
    sequence,
    encode(0xa0, encode(integer, Buffer.of(2))), // version 3
    encode(integer, Buffer.of(1)),
    ecdsaWithSha256,
    name,
    encode(sequence, ...validity),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    encode(0xa3, encode(sequence, alternativeName)),
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

/** @param {number} tag @param {readonly Uint8Array[]} contents */
function encode(tag, ...contents) {
  const content = Buffer.concat(contents);
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...size), content]);
}
