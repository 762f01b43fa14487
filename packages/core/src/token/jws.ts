import { decodeBase64url } from '../base64url.ts';
import { InvalidTokenError } from '../errors.ts';
import { isJsonObject, type JsonObject, parseJsonObject } from '../json.ts';
import { resumeStackTraces, suspendStackTraces } from '../stack-traces.ts';

/** A compact JWS taken apart, nothing about it verified yet. */
export interface ParsedJws {
  readonly compact: string;
  readonly header: JsonObject;
  readonly payload: JsonObject;
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
  const isSigned = segments.length === 3 && decodeBase64url(segments[2]) !== undefined;
  if (!isSigned || header === undefined || payload === undefined) throw new InvalidTokenError('ERR_TOKEN_MALFORMED');
  return { compact, header, payload };
}

/**
 * Whether a token is a JWT, sound or not: its first segment is a JOSE header, read more kindly than `parseJws` reads it. An
 * encrypted one (RFC 7516 §7.1) says nothing to anybody here, and is opaque.
 */
export function isJwt(token: string): boolean {
  const segments = token.split('.', 6);
  if (segments.length === 1) return false;
  const stackTraces = suspendStackTraces();
  try {
    const header: unknown = JSON.parse(Buffer.from(segments[0] ?? '', 'base64url').toString());
    return isJsonObject(header) && !(segments.length === 5 && 'enc' in header);
  } catch {
    return false;
  } finally {
    resumeStackTraces(stackTraces);
  }
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
