/** The bytes behind base64url without padding, or undefined where another text would give the same bytes (RFC 7515 §2). */
export function decodeBase64url(text = ''): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}
