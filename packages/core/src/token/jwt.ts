import { type CryptoKey, compactVerify, errors, type JWSHeaderParameters } from 'jose';
import { InvalidTokenError } from '../errors.ts';
import type { JwsAlgorithm } from '../issuer/algorithms.ts';
import type { Issuer } from '../issuer/issuer.ts';
import type { JsonObject } from '../json.ts';
import { type AccessTokenClaims, type ClaimExpectations, checkClaims } from './claims.ts';
import type { ParsedJws } from './jws.ts';

export interface AccessTokenExpectations extends Pick<ClaimExpectations, 'nowSeconds' | 'toleranceSeconds'> {
  /** The one trusted issuer with exactly this identifier. No network is asked about any other. */
  readonly findIssuer: (iss: string) => Issuer | undefined;
  /** What `aud` must name where the issuer sets no audience of its own. */
  readonly resource: string;
}

export interface VerifiedAccessToken {
  readonly claims: AccessTokenClaims;
  readonly keysAgeSeconds: number;
}

/**
 * Verifies a JWT access token (RFC 9068 §4, RFC 8725): what costs nothing first, the issuer's keys before the signature,
 * the signature before any claim but `iss` counts.
 *
 * @throws InvalidTokenError when the token is not good
 * @throws UnavailableError when its issuer's keys cannot be had
 */
export async function verifyAccessToken(
  { compact, header, payload }: ParsedJws,
  expected: AccessTokenExpectations,
): Promise<VerifiedAccessToken> {
  const issuer = typeof payload['iss'] === 'string' ? expected.findIssuer(payload['iss']) : undefined;
  if (issuer === undefined) throw new InvalidTokenError('ERR_TOKEN_ISSUER');
  const joseHeader = checkHeader(header, issuer.algorithms);
  const { keys, ageSeconds } = await issuer.keys.find(joseHeader);
  if (keys.length === 0) throw new InvalidTokenError('ERR_TOKEN_KEY');
  await verifySignature(compact, keys, joseHeader.alg);
  const { resource, nowSeconds, toleranceSeconds } = expected;
  const claims = checkClaims(payload, {
    issuer: issuer.issuer,
    audiences: issuer.audiences ?? [resource],
    nowSeconds,
    toleranceSeconds,
  });
  return { claims, keysAgeSeconds: ageSeconds };
}

/**
 * The parameters of a JOSE header that choose a key. `jwk`, `jku`, `x5u` and `x5c` are never looked at: a token does not
 * bring its own trust (RFC 8725 §3.10).
 */
function checkHeader(
  header: JsonObject,
  algorithms: readonly JwsAlgorithm[],
): JWSHeaderParameters & { readonly alg: JwsAlgorithm } {
  const { typ, alg, kid } = header;
  if (typeof typ !== 'string' || !isAccessTokenType(typ)) throw new InvalidTokenError('ERR_TOKEN_TYPE');
  // No extension is supported, and an unencoded payload is not for JWTs (RFC 7515 §4.1.11, RFC 7797 §7).
  if ('crit' in header || 'b64' in header) throw new InvalidTokenError('ERR_TOKEN_CRITICAL');
  const algorithm = algorithms.find((name) => name === alg);
  if (algorithm === undefined) throw new InvalidTokenError('ERR_TOKEN_ALGORITHM');
  if (kid === undefined) return { alg: algorithm };
  if (typeof kid !== 'string') throw new InvalidTokenError('ERR_TOKEN_MALFORMED');
  return { alg: algorithm, kid };
}

/** `typ` is a media type: case does not matter, `application/` may be left out (RFC 7515 §4.1.9, RFC 9068 §4). */
function isAccessTokenType(typ: string): boolean {
  return /^(?:application\/)?at\+jwt$/i.test(typ);
}

async function verifySignature(compact: string, keys: readonly CryptoKey[], alg: JwsAlgorithm): Promise<void> {
  for (const key of keys) {
    try {
      await compactVerify(compact, key, { algorithms: [alg] });
      return;
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) throw error;
    }
  }
  throw new InvalidTokenError('ERR_TOKEN_SIGNATURE');
}
