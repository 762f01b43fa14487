import { decodeBase64url } from '../base64url.ts';
import { InvalidTokenError } from '../errors.ts';
import { isJsonObject, type JsonObject } from '../json.ts';
import { malformed } from './read-claims.ts';

/**
 * Who alone may use a token (RFC 7800 §3.1): the holder of the key with the thumbprint `jkt` (RFC 9449 §6.1), whoever shows
 * the certificate with the thumbprint `x5t#S256` (RFC 8705 §3.1), or who does both. One of them is there.
 */
export interface KeyConfirmation {
  readonly jkt: string | undefined;
  readonly certificateThumbprint: string | undefined;
}

/**
 * The confirmation of a token; undefined for a bearer token. Both members that are known must be met where both are there,
 * members beside them carry no meaning, and a `cnf` without any is never taken for a bearer token (RFC 8705 §3, RFC 9449
 * §7.2).
 *
 * @throws InvalidTokenError when `cnf` is malformed, or demands what cannot be verified
 */
export function readConfirmation(cnf: unknown): KeyConfirmation | undefined {
  if (cnf === undefined) return undefined;
  if (!isJsonObject(cnf)) throw malformed('cnf');
  const jkt = readThumbprint(cnf, 'jkt');
  const certificateThumbprint = readThumbprint(cnf, 'x5t#S256');
  if (jkt === undefined && certificateThumbprint === undefined) throw new InvalidTokenError('ERR_TOKEN_CONFIRMATION');
  return { jkt, certificateThumbprint };
}

/** A SHA-256 in base64url without padding (RFC 7638 §3.1, RFC 8705 §3.1). */
function readThumbprint(cnf: JsonObject, member: string): string | undefined {
  if (!Object.hasOwn(cnf, member)) return undefined;
  const value = cnf[member];
  const isThumbprint = typeof value === 'string' && value.length === 43 && decodeBase64url(value) !== undefined;
  if (!isThumbprint) throw malformed(`cnf.${member}`);
  return value;
}
