import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { createTestCertificate } from './certificate.ts';

test('a certificate is for its own key, and signs itself', () => {
  const { cert, key, der, thumbprint } = createTestCertificate();
  const certificate = new X509Certificate(cert);
  expect(certificate.raw).toEqual(der);
  expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true);
  expect(certificate.checkIssued(certificate) && certificate.verify(certificate.publicKey)).toBe(true);
  expect(thumbprint).toBe(createHash('sha256').update(der).digest('base64url'));
});

test('a certificate is for loopback hosts, now and later', () => {
  const certificate = new X509Certificate(createTestCertificate().cert);
  expect([certificate.checkHost('localhost'), certificate.checkIP('127.0.0.1')]).toEqual(['localhost', '127.0.0.1']);
  expect(certificate.checkIP('::1')).toBe('::1');
  expect([new Date(certificate.validFrom) < new Date(), new Date(certificate.validTo).getUTCFullYear()]).toEqual([
    true,
    2049,
  ]);
});

test('an authority signs others, and not those that it did not', () => {
  const authority = createTestCertificate({ name: 'authority' });
  const issued = new X509Certificate(createTestCertificate({ authority, name: 'agent' }).cert);
  const { publicKey } = new X509Certificate(authority.cert);
  expect([issued.subject, issued.issuer]).toEqual(['CN=agent', 'CN=authority']);
  expect(issued.verify(publicKey)).toBe(true);
  expect(new X509Certificate(createTestCertificate().cert).verify(publicKey)).toBe(false);
});

test('no two certificates are the same, and the base64 of each has padding', () => {
  const certificates = Array.from({ length: 20 }, () => createTestCertificate());
  expect(new Set(certificates.map(({ thumbprint }) => thumbprint)).size).toBe(20);
  for (const { der } of certificates) expect(Buffer.from(der).toString('base64')).toMatch(/=$/);
});
