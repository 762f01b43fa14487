import { X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { InvalidRequestError } from '../errors.ts';
import { parseClientCert } from './client-cert-field.ts';

// RFC 8705 Appendix A.
const base64 =
  'MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARtdGxzMB4XDTE4MTAxODEyMzcwOVoXDTIyMDUwMjEyMzcwOVowDzENMAsGA1UEAwwEbXRsczBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNcnyxwqV6hY8QnhxxzFQ03C7HKW9OylMbnQZjjJ/Au08/coZwxS7LfA4vOLS9WuneIXhbGGWvsDSb0tH6IxLm8wCgYIKoZIzj0EAwIDSQAwRgIhAP0RC1E+vwJD/D1AGHGzuri+hlV/PpQEKTWUVeORWz83AiEA5x2eXZOVbUlJSGQgjwD5vaUaKlLR50Q2DmFfQj1L+SY=';
const sound = `:${base64}:`;

const piece = fc.oneof(
  fc.constantFrom(
    '',
    ':',
    '=',
    ',',
    ';',
    ' ',
    '\t',
    '"',
    '-',
    '_',
    '%',
    'A',
    '/',
    '+',
    ', ',
    `, ${sound}`,
    ';a=1',
    '==:',
  ),
  fc.string({ unit: 'binary', maxLength: 4 }),
);
/** The sound field, with something put in place of a few characters. */
const edited = fc
  .tuple(fc.nat({ max: sound.length }), fc.nat({ max: 3 }), piece)
  .map(([start, count, text]) => sound.slice(0, start) + text + sound.slice(start + count));
const bytes = fc.uint8Array({ maxLength: 400 }).map((content) => `:${Buffer.from(content).toString('base64')}:`);
const lines = fc.oneof({ weight: 4, arbitrary: edited }, bytes, fc.string({ unit: 'binary' }), fc.constant(sound));

/** The certificate of a line, or undefined where it is refused. */
function read(line: string): Uint8Array | undefined {
  try {
    return parseClientCert(line);
  } catch (error) {
    if (error instanceof InvalidRequestError) return undefined;
    throw error;
  }
}

it('a certificate has one spelling: what was read is written as the same line [MTL-09]', () => {
  expect(read(sound)).toBeDefined();
  fc.assert(
    fc.property(lines, (line) => {
      const certificate = read(line);
      expect(certificate === undefined && line === sound).toBe(false);
      if (certificate === undefined) return;
      expect(`:${Buffer.from(certificate).toString('base64')}:`).toBe(line);
      expect(new X509Certificate(certificate).raw).toEqual(certificate);
    }),
  );
});
