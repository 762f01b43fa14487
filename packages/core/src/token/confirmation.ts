import { InvalidTokenError } from '../errors.ts';
import { isJsonObject } from '../json.ts';
import { decodeBase64url } from './jws.ts';
import { malformed } from './read-claims.ts';

/** The key whose holder alone may use a token (RFC 7800 §3.1): the thumbprint that `cnf` names (RFC 9449 §6.1). */
export interface KeyConfirmation {
  readonly jkt: string;
}

/** Members of `cnf` that say how to prove possession, of which this version verifies `jkt`. */
const knownMembers = ['jkt', 'x5t#S256'];

/**
 * The confirmation of a token; undefined for a bearer token. Every member that is known must be met, members beside it carry
 * no meaning, and a `cnf` without any is never taken for a bearer token (RFC 8705 §3, RFC 9449 §7.2).
 *
 * @throws InvalidTokenError when `cnf` is malformed, or demands what cannot be verified
 */
export function readConfirmation(cnf: unknown): KeyConfirmation | undefined {
  if (cnf === undefined) return undefined;
  if (!isJsonObject(cnf)) throw malformed('cnf');
  const { jkt } = cnf;
  const demanded = knownMembers.filter((member) => member in cnf);
  if (demanded.length !== 1 || jkt === undefined)
    throw new InvalidTokenError('ERR_TOKEN_CONFIRMATION', { reasons: demanded });
  if (!isThumbprint(jkt)) throw malformed('cnf.jkt');
  return { jkt };
}

/** A SHA-256 in base64url without padding (RFC 7638 §3.1). */
function isThumbprint(value: unknown): value is string {
  return typeof value === 'string' && value.length === 43 && decodeBase64url(value) !== undefined;
}
