import { X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { createTestCertificate } from './certificate.ts';
import { type ForwardingDefect, forwardCertificate, forwardingDefects } from './forwarding-defects.ts';

const certificate = createTestCertificate();
const base64 = Buffer.from(certificate.der).toString('base64');
const sound = `:${base64}:`;
const foreign = expect.stringMatching(/^:MII[\w+/]+=*:$/);
const lineOf = (defect: ForwardingDefect) => Object.values(forwardCertificate(certificate, defect)).flat()[0];
const bytesOf = (line = '') => Buffer.from(line.slice(1, -1), 'base64');

test('a sound field is one byte sequence of the certificate', () => {
  expect(forwardCertificate(certificate, undefined)).toEqual({ 'client-cert': [sound] });
});

const expected: Readonly<Record<ForwardingDefect, object>> = {
  absent: {},
  empty: { 'client-cert': [''] },
  'no-bytes': { 'client-cert': ['::'] },
  'foreign-certificate': { 'client-cert': [foreign] },
  twice: { 'client-cert': [sound, sound] },
  'foreign-line': { 'client-cert': [sound, foreign] },
  list: { 'client-cert': [`${sound}, ${sound}`] },
  parameter: { 'client-cert': [`${sound};a=1`] },
  'bare-base64': { 'client-cert': [base64] },
  'one-colon': { 'client-cert': [`:${base64}`] },
  'missing-padding': { 'client-cert': [`:${base64.replace(/=+$/, '')}:`] },
  'stray-bits': { 'client-cert': [expect.stringMatching(/=:$/)] },
  base64url: { 'client-cert': [`:${Buffer.from(certificate.der).toString('base64url')}:`] },
  'escaped-pem': { 'client-cert': [expect.stringMatching(/^-----BEGIN%20CERTIFICATE-----%0A/)] },
  'pem-bytes': { 'client-cert': [`:${Buffer.from(certificate.cert).toString('base64')}:`] },
  'trailing-byte': { 'client-cert': [foreign] },
  truncated: { 'client-cert': [foreign] },
  'not-a-certificate': { 'client-cert': [':bm9uZQ==:'] },
  'chain-alone': { 'client-cert-chain': [sound] },
};

test.each(forwardingDefects)('gets it wrong by %s', (defect) => {
  const fields = forwardCertificate(certificate, defect);
  expect(fields).toEqual(expected[defect]);
  expect(fields).not.toEqual({ 'client-cert': [sound] });
});

test('a forgiving decoder reads the same certificate from what is only spelled in another way', () => {
  for (const defect of ['stray-bits', 'missing-padding', 'base64url'] as const) {
    const line = lineOf(defect);
    expect(bytesOf(line)).toEqual(Buffer.from(certificate.der));
  }
  const line = lineOf('trailing-byte');
  expect(new X509Certificate(bytesOf(line)).raw).toEqual(certificate.der);
});

test('somebody else is somebody else', () => {
  const line = lineOf('foreign-certificate');
  expect(new X509Certificate(bytesOf(line)).raw).not.toEqual(certificate.der);
});
