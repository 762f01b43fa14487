import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parseClientCert } from './client-cert-field.ts';

// RFC 9440 Appendix A: what the proxy of the example forwards.
const base64 =
  'MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6MRswGQYDVQQKDBJMZXQncyBBdXRoZW50aWNhdGUxGzAZBgNVBAMMEkxBIEludGVybWVkaWF0ZSBDQTAeFw0yMDAxMTQyMjU1MzNaFw0yMTAxMjMyMjU1MzNaMA0xCzAJBgNVBAMMAkJDMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8YnXXfaUgmnMtOXU/IncWalRhebrXmckC8vdgJ1p5Be5F/3YC8OthxM4+k1M6aEAEFcGzkJiNy6J84y7uzo9M6NyMHAwCQYDVR0TBAIwADAfBgNVHSMEGDAWgBRm3WjLa38lbEYCuiCPct0ZaSED2DAOBgNVHQ8BAf8EBAMCBsAwEwYDVR0lBAwwCgYIKwYBBQUHAwIwHQYDVR0RAQH/BBMwEYEPYmRjQGV4YW1wbGUuY29tMAoGCCqGSM49BAMCA0gAMEUCIBHda/r1vaL6G3VliL4/Di6YK0Q6bMjeSkC3dFCOOB8TAiEAx/kHSB4urmiZ0NX5r5XarmPk0wmuydBVoU4hBVZ1yhk=';
const der = Buffer.from(base64, 'base64');
const field = `:${base64}:`;
const wrap = (tag: number, content: Uint8Array) =>
  Buffer.concat([Buffer.of(tag, 0x82, content.length >> 8, content.length & 0xff), content]);
/** A certificate of this many bytes: what was signed above, with a longer signature, which nobody verifies. */
const createLarge = (size: number) =>
  wrap(0x30, Buffer.concat([der.subarray(4, 354), wrap(0x03, Buffer.alloc(size - 358))]));
const encode = (bytes: Uint8Array) => `:${Buffer.from(bytes).toString('base64')}:`;

describe('parseClientCert', () => {
  it('reads the certificate of the example [MTL-09]', () => {
    expect(parseClientCert(field)).toEqual(der);
  });

  it('reads no field of more than 16 KiB', () => {
    const largest = createLarge(12_285);
    expect(encode(largest)).toHaveLength(16_382);
    expect(parseClientCert(encode(largest))).toEqual(largest);
    expect(() => parseClientCert(encode(createLarge(12_286)))).toThrow(
      expect.objectContaining({ code: 'ERR_CLIENT_CERT_MALFORMED' }),
    );
  });

  it.each([
    ['empty', ''],
    ['an empty byte sequence', '::'],
    ['one colon', ':'],
    ['bare base64', base64],
    ['without its last colon', field.slice(0, -1)],
    ['a list', `${field}, ${field}`],
    ['a list of one and nothing', `${field},`],
    ['a list with the leaf last', `:AAAA:, ${field}`],
    ['an inner list', `(${field})`],
    ['with a parameter', `${field};a=1`],
    ['with a semicolon', `${field};`],
    ['with a space inside', `:${base64.slice(0, 8)} ${base64.slice(8)}:`],
    ['with a space in front', ` ${field}`],
    ['with a line end inside', `:${base64.slice(0, 64)}\n${base64.slice(64)}:`],
    ['without its padding', `:${base64.slice(0, -1)}:`],
    ['with more padding', `:${base64}=:`],
    ['with stray bits', `:${base64.replace(/hk=$/, 'hl=')}:`],
    ['in base64url', `:${base64.replaceAll('+', '-').replaceAll('/', '_')}:`],
    ['a string', `"${base64}"`],
    ['PEM', new X509Certificate(der).toString()],
    ['PEM in one line', new X509Certificate(der).toString().replaceAll('\n', ' ')],
    ['PEM with percent-encoding', encodeURIComponent(new X509Certificate(der).toString())],
    ['a byte sequence of PEM', encode(Buffer.from(new X509Certificate(der).toString()))],
    ['a certificate with bytes behind it', encode(Buffer.concat([der, Buffer.of(0)]))],
    ['two certificates', encode(Buffer.concat([der, der]))],
    ['a certificate that is cut short', encode(der.subarray(0, -1))],
    ['a public key', encode(new X509Certificate(der).publicKey.export({ type: 'spki', format: 'der' }))],
    ['any bytes', encode(Buffer.from('certificate'))],
  ])('refuses a field that is %s [MTL-09]', (_what, line) => {
    expect(() => parseClientCert(line)).toThrow(
      expect.objectContaining({ name: 'InvalidRequestError', code: 'ERR_CLIENT_CERT_MALFORMED', reasons: [] }),
    );
  });
});
