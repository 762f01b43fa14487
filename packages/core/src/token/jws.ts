import { InvalidTokenError } from '../errors.ts';
import { type JsonObject, parseJsonObject } from '../json.ts';

/** A compact JWS taken apart, nothing about it verified yet. */
export interface ParsedJws {
  readonly compact: string;
  readonly header: JsonObject;
  readonly payload: JsonObject;
  /** What was signed: the first two segments as received, their dot included (RFC 7515 §2). */
  readonly signingInput: string;
  readonly signature: Uint8Array;
}

/**
 * The header and the payload of a JWT in compact serialization (RFC 7515 §3.1, RFC 7519 §7.2).
 *
 * @throws InvalidTokenError unless it is three segments of canonical base64url, two of which hold JSON objects
 */
export function parseJws(compact: string): ParsedJws {
  const segments = compact.split('.', 4);
  const header = decodeJsonObject(segments[0]);
  const payload = decodeJsonObject(segments[1]);
  const signature = decodeBase64url(segments[2]);
  if (segments.length !== 3 || header === undefined || payload === undefined || signature === undefined) {
    throw new InvalidTokenError('ERR_TOKEN_MALFORMED');
  }
  return { compact, header, payload, signingInput: compact.slice(0, compact.lastIndexOf('.')), signature };
}

/** The JSON object in a segment. */
export function decodeJsonObject(segment: string | undefined): JsonObject | undefined {
  const bytes = decodeBase64url(segment);
  return bytes && parseJsonObject(bytes);
}

/** `typ` is a media type: case does not matter, `application/` may be left out (RFC 7515 §4.1.9). Other values stay. */
export function normalizeType(typ: unknown): unknown {
  return typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : typ;
}

/** The bytes behind base64url without padding, or undefined where another text would give the same bytes (RFC 7515 §2). */
export function decodeBase64url(text = ''): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}
