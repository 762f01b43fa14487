import { X509Certificate } from 'node:crypto';
import { InvalidRequestError } from '../errors.ts';

/** Longer fields are not decoded. */
const maxFieldLength = 16_384;
/** RFC 9651 §3.3.5: a byte sequence. Neither a list of them nor one with parameters (RFC 9440 §2.2). */
const byteSequence = /^:([A-Za-z0-9+/]+={0,2}):$/;

/**
 * The certificate in the one line of a `Client-Cert` field (RFC 9440 §2.2), in DER. What is not exactly that is refused as a
 * message that is malformed, which RFC 9651 §4.2 allows; treated as absent, it would cost the caller a good token.
 *
 * @throws InvalidRequestError unless it is one byte sequence of canonical base64 that holds a certificate and nothing else
 */
export function parseClientCert(line: string): Uint8Array {
  const base64 = line.length > maxFieldLength ? undefined : byteSequence.exec(line)?.[1];
  const bytes = base64 === undefined ? undefined : Buffer.from(base64, 'base64');
  // Padding and stray bits are forgiven in reading: another text would give the same certificate.
  if (bytes === undefined || bytes.toString('base64') !== base64 || !isCertificate(bytes)) {
    throw new InvalidRequestError('ERR_CLIENT_CERT_MALFORMED');
  }
  return bytes;
}

/** OpenSSL reads PEM too, and does not mind what follows. */
function isCertificate(bytes: Buffer): boolean {
  try {
    return new X509Certificate(bytes).raw.equals(bytes);
  } catch {
    return false;
  }
}
