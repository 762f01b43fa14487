import { decodeBase64url } from '../base64url.ts';
import { InvalidDpopProofError } from '../errors.ts';
import type { HttpRequest } from '../http/request.ts';
import type { JsonObject } from '../json.ts';

/** Longer proofs are not parsed. */
const maxProofLength = 8192;
/** Longer ones are not a name, but a load. */
const maxIdLength = 256;

/** A proof taken apart, nothing about it verified yet. */
interface ProofSegments {
  readonly header: string;
  readonly payload: string;
  readonly signature: Uint8Array;
  /** What was signed. */
  readonly input: string;
}

/**
 * The proof in the one `DPoP` field of a request (RFC 9449 §4.1).
 *
 * @throws InvalidDpopProofError without the field, with several, and where it is none of three segments
 */
export function splitProof({ headers }: HttpRequest): ProofSegments {
  const [field, ...others] = headers['dpop'] ?? [];
  if (field === undefined) throw new InvalidDpopProofError('ERR_DPOP_ABSENT');
  if (others.length > 0) throw new InvalidDpopProofError('ERR_DPOP_REPEATED');
  if (field.length > maxProofLength) throw new InvalidDpopProofError('ERR_DPOP_MALFORMED');
  const dot = field.indexOf('.');
  const lastDot = field.lastIndexOf('.');
  const signature = dot === lastDot ? undefined : decodeBase64url(field.slice(lastDot + 1));
  if (signature === undefined) throw new InvalidDpopProofError('ERR_DPOP_MALFORMED');
  return {
    header: field.slice(0, dot),
    // Of more than three segments, the dots between are in here, and no base64url.
    payload: field.slice(dot + 1, lastDot),
    signature,
    input: field.slice(0, lastDot),
  };
}

/** A claim that is a text. @throws InvalidDpopProofError */
export function readText(claims: JsonObject, name: string): string {
  const value = claims[name];
  if (typeof value !== 'string') throw invalidClaim(name);
  return value;
}

/** The `jti`. @throws InvalidDpopProofError */
export function readId(claims: JsonObject): string {
  const id = readText(claims, 'jti');
  if (id === '' || id.length > maxIdLength || !id.isWellFormed()) throw invalidClaim('jti');
  return id;
}

/** The `iat`. @throws InvalidDpopProofError */
export function readTime({ iat }: JsonObject): number {
  if (typeof iat !== 'number') throw invalidClaim('iat');
  return iat;
}

export function invalidClaim(name: string): InvalidDpopProofError {
  return new InvalidDpopProofError('ERR_DPOP_CLAIM', { reasons: [name] });
}
