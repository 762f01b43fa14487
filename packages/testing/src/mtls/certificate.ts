import {
  createECDH,
  createPrivateKey,
  createPublicKey,
  hash,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto';
import { bitString, ecdsaWithSha256, encodeDer, integer, sequence, validity } from '../der.ts';
import { encode } from '../token.ts';

/** A certificate with its key, under the names that `node:https` and `node:tls` have for them. */
export interface TestCertificate {
  /** The certificate, PEM. */
  readonly cert: string;
  /** Its private key, PEM. */
  readonly key: string;
  /** The certificate, DER. */
  readonly der: Uint8Array;
  /** SHA-256 of the DER, base64url: what stands in `cnf['x5t#S256']` (RFC 8705 §3.1). */
  readonly thumbprint: string;
}

/** Options of {@link createTestCertificate}. */
export interface TestCertificateOptions {
  /** Who signs it. Default: it signs itself. */
  readonly authority?: TestCertificate;
  /** Its common name. Default `'test'`. */
  readonly name?: string;
}

const boolean = 0x01;
const octetString = 0x04;
const utf8String = 0x0c;
const set = 0x31;
const tagged = (tag: number) => 0xa0 + tag;

const commonName = Buffer.from('0603550403', 'hex');
// Critical: it is an authority.
const basicConstraints = [Buffer.from('0603551d13', 'hex'), encodeDer(boolean, Buffer.of(0xff))];
const alternativeNames = Buffer.from('0603551d11', 'hex');
const localhost = [
  encodeDer(0x82, Buffer.from('localhost')),
  encodeDer(0x87, Buffer.of(127, 0, 0, 1)),
  encodeDer(0x87, Buffer.concat([Buffer.alloc(15), Buffer.of(1)])),
];

/**
 * Creates a certificate (RFC 5280) with a P-256 key of its own, for servers on loopback hosts, for clients, and as the
 * authority of others. It is good until the end of 2049. Its DER is of a length whose base64 has padding.
 */
export function createTestCertificate(options: TestCertificateOptions = {}): TestCertificate {
  const { authority, name = 'test' } = options;
  const key = createKey();
  const signer = authority === undefined ? key : createPrivateKey(authority.key);
  const issuer = authority === undefined ? encodeName(name) : subjectOf(authority);
  let der: Buffer;
  // The length of an ECDSA signature changes from one to the next.
  do {
    const content = encodeContent(issuer, encodeName(name), key);
    const signature = sign('sha256', content, signer);
    der = encodeDer(sequence, content, ecdsaWithSha256, encodeDer(bitString, Buffer.of(0), signature));
  } while (der.length % 3 === 0);
  const base64 = der.toString('base64').replace(/.{64}(?=.)/g, '$&\n');
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
    key: String(key.export({ type: 'pkcs8', format: 'pem' })),
    der,
    thumbprint: hash('sha256', der, 'base64url'),
  };
}

/** Not by generateKeyPairSync, which can hang in Node 20. */
function createKey(): KeyObject {
  const pair = createECDH('prime256v1');
  const point = pair.generateKeys();
  const coordinates = { x: encode(point.subarray(1, 33)), y: encode(point.subarray(33)) };
  const d = encode(Buffer.concat([Buffer.alloc(32), pair.getPrivateKey()]).subarray(-32));
  return createPrivateKey({ key: { kty: 'EC', crv: 'P-256', d, ...coordinates }, format: 'jwk' });
}

function encodeContent(issuer: Uint8Array, subject: Uint8Array, key: KeyObject): Buffer {
  return encodeDer(
    sequence,
    encodeDer(tagged(0), encodeDer(integer, Buffer.of(2))),
    encodeDer(integer, Buffer.of(1), randomBytes(8)),
    ecdsaWithSha256,
    issuer,
    validity,
    subject,
    createPublicKey(key).export({ type: 'spki', format: 'der' }),
    encodeDer(tagged(3), encodeDer(sequence, ...extensions)),
  );
}

const extensions = [
  encodeDer(
    sequence,
    ...basicConstraints,
    encodeDer(octetString, encodeDer(sequence, encodeDer(boolean, Buffer.of(0xff)))),
  ),
  encodeDer(sequence, alternativeNames, encodeDer(octetString, encodeDer(sequence, ...localhost))),
];

function subjectOf({ der }: TestCertificate): Buffer {
  return encodeName(new X509Certificate(der).subject.replace(/^CN=/, ''));
}

function encodeName(name: string): Buffer {
  const attribute = encodeDer(sequence, commonName, encodeDer(utf8String, Buffer.from(name)));
  return encodeDer(sequence, encodeDer(set, attribute));
}
