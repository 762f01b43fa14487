import { createTestCertificate, type TestCertificate } from './certificate.ts';

/** How one kind of wrong forwarding is made. */
interface ForwardingDefectDefinition {
  /** What is wrong, in a sentence; the README shows it. */
  readonly means: string;
  /** The lines of `Client-Cert`, given the sound one. */
  readonly lines: (certificate: TestCertificate, sound: string) => string[];
  /** Those of `Client-Cert-Chain`. Default: none. */
  readonly chain?: (sound: string) => string[];
}

/** The one thing that is wrong with how a proxy hands a certificate on. The README describes each. */
export type ForwardingDefect =
  | 'absent'
  | 'empty'
  | 'no-bytes'
  | 'foreign-certificate'
  | 'twice'
  | 'foreign-line'
  | 'list'
  | 'parameter'
  | 'bare-base64'
  | 'one-colon'
  | 'missing-padding'
  | 'stray-bits'
  | 'base64url'
  | 'escaped-pem'
  | 'pem-bytes'
  | 'trailing-byte'
  | 'truncated'
  | 'not-a-certificate'
  | 'chain-alone';

const withoutHeader = (pem: string) => pem.replace(/-----[A-Z ]+-----|\n/g, '');

const defects: Readonly<Record<ForwardingDefect, ForwardingDefectDefinition>> = {
  absent: { means: 'There is no field.', lines: () => [] },
  empty: { means: 'The field is there and empty.', lines: () => [''] },
  'no-bytes': { means: 'It is a byte sequence of no bytes.', lines: () => ['::'] },
  'foreign-certificate': {
    means: 'It is the certificate of somebody else.',
    lines: () => [encodeField(createTestCertificate().der)],
  },
  twice: { means: 'Two lines hold the certificate.', lines: (_, sound) => [sound, sound] },
  'foreign-line': {
    means: 'A second line holds the certificate of somebody else.',
    lines: (_, sound) => [sound, encodeField(createTestCertificate().der)],
  },
  list: { means: 'The certificate stands there twice, in a list.', lines: (_, sound) => [`${sound}, ${sound}`] },
  parameter: { means: 'The byte sequence has a parameter.', lines: (_, sound) => [`${sound};a=1`] },
  'bare-base64': { means: 'The colons are missing.', lines: ({ cert }) => [withoutHeader(cert)] },
  'one-colon': { means: 'The last colon is missing.', lines: (_, sound) => [sound.slice(0, -1)] },
  'missing-padding': { means: 'The base64 lacks its `=`.', lines: (_, sound) => [sound.replace(/=+:$/, ':')] },
  'stray-bits': {
    means: 'The last character before the padding has spare bits set; a forgiving decoder gets the same bytes.',
    lines: (_, sound) => [sound.replace(/.(?==+:$)/, nextCharacter)],
  },
  base64url: {
    means: 'It is base64url.',
    lines: ({ der }) => [`:${Buffer.from(der).toString('base64url')}:`],
  },
  'escaped-pem': {
    means: 'It is PEM with percent-encoding, as nginx writes it.',
    lines: ({ cert }) => [encodeURIComponent(cert)],
  },
  'pem-bytes': { means: 'The bytes are PEM.', lines: ({ cert }) => [encodeField(Buffer.from(cert))] },
  'trailing-byte': {
    means: 'A byte follows the certificate.',
    lines: ({ der }) => [encodeField(Buffer.concat([der, Buffer.of(0)]))],
  },
  truncated: { means: 'The certificate lacks its last byte.', lines: ({ der }) => [encodeField(der.subarray(0, -1))] },
  'not-a-certificate': { means: 'The bytes are no certificate.', lines: () => [encodeField(Buffer.from('none'))] },
  'chain-alone': {
    means: 'The certificate stands in `Client-Cert-Chain`, and there is no `Client-Cert`.',
    lines: () => [],
    chain: (sound) => [sound],
  },
};

/** Every defect of a forwarded certificate, for a loop over the whole attack list. */
export const forwardingDefects: readonly ForwardingDefect[] = Object.keys(defects) as ForwardingDefect[];

/** What is wrong with such a field, in a sentence. */
export function describeForwardingDefect(defect: ForwardingDefect): string {
  return defects[defect].means;
}

/** The fields with which a proxy hands a certificate on (RFC 9440 §2.2); those without a line are left out. */
export function forwardCertificate(
  certificate: TestCertificate,
  defect: ForwardingDefect | undefined,
): Record<string, string[]> {
  const sound = encodeField(certificate.der);
  const { lines, chain = () => [] }: Pick<ForwardingDefectDefinition, 'lines' | 'chain'> =
    defect === undefined ? { lines: () => [sound] } : defects[defect];
  const fields = { 'client-cert': lines(certificate, sound), 'client-cert-chain': chain(sound) };
  return Object.fromEntries(Object.entries(fields).filter(([, values]) => values.length > 0));
}

/** A byte sequence of structured fields (RFC 9651 §3.3.5). */
function encodeField(bytes: Uint8Array): string {
  return `:${Buffer.from(bytes).toString('base64')}:`;
}

/** Sound base64 ends in a character whose spare bits are clear: the next one of the alphabet has the lowest set. */
function nextCharacter(character: string): string {
  return { A: 'B', Q: 'R', g: 'h', w: 'x' }[character] ?? String.fromCharCode(character.charCodeAt(0) + 1);
}
