import { InvalidTokenError } from '../errors.ts';
import type { JwsAlgorithm, JwsHeader } from '../issuer/algorithms.ts';
import type { PublishedKeys } from '../issuer/json-web-keys.ts';
import type { TrustedIssuer, TrustedIssuers } from '../issuer/trusted.ts';
import { findVerifyingKeys } from '../issuer/verify-signature.ts';
import type { JsonObject } from '../json.ts';
import { type AccessTokenClaims, type ClaimExpectations, checkClaims } from './claims.ts';
import type { ParsedJws } from './jws.ts';
import { isAccessTokenType, type TokenProfile, tokenProfiles } from './profile.ts';

export interface AccessTokenExpectations extends Pick<ClaimExpectations, 'nowSeconds' | 'toleranceSeconds'> {
  /** The one trusted issuer with exactly this identifier. No network is asked about any other. */
  readonly findIssuer: TrustedIssuers['find'];
  /** What `aud` must name where the issuer sets no audience of its own. */
  readonly resource: string;
}

export interface VerifiedAccessToken {
  readonly header: JsonObject;
  readonly claims: AccessTokenClaims;
  readonly issuer: TrustedIssuer;
  /** The set of the key that verified it. */
  readonly published: PublishedKeys;
  readonly keysAgeSeconds: number;
}

/**
 * Verifies a JWT access token (RFC 9068 §4, RFC 8725): what costs nothing first, so that a token that is bad in any case
 * makes nobody fetch keys or check a signature. What the claims say counts once the signature holds.
 *
 * @throws InvalidTokenError when the token is not good
 * @throws UnavailableError when its issuer's keys cannot be had
 */
export async function verifyAccessToken(
  token: ParsedJws,
  expected: AccessTokenExpectations,
): Promise<VerifiedAccessToken> {
  const { compact, header, payload } = token;
  const { iss } = payload;
  const issuer = typeof iss === 'string' ? await expected.findIssuer(iss) : undefined;
  if (issuer === undefined) throw new InvalidTokenError('ERR_TOKEN_ISSUER');
  const profile = tokenProfiles[issuer.tokenProfile];
  const joseHeader = checkHeader(header, profile, issuer.algorithms);
  const claims = checkClaims(payload, expectClaims(issuer, expected));
  const found = await findVerifyingKeys(compact, issuer.keys, joseHeader);
  if (found === 'no-key') throw new InvalidTokenError('ERR_TOKEN_KEY');
  if (found === 'no-signature') throw new InvalidTokenError('ERR_TOKEN_SIGNATURE');
  const { published, ageSeconds } = found;
  return { header, claims, issuer, published, keysAgeSeconds: ageSeconds };
}

/** What claims about a token of this issuer are checked against, whoever says them: the token itself, or the issuer. */
export function expectClaims(
  issuer: TrustedIssuer,
  { resource, nowSeconds, toleranceSeconds }: Omit<AccessTokenExpectations, 'findIssuer'>,
): ClaimExpectations {
  return {
    issuer: issuer.issuer,
    audiences: issuer.audiences ?? [resource],
    profile: tokenProfiles[issuer.tokenProfile],
    places: issuer.claims,
    maxLifetimeSeconds: issuer.maxTokenLifetimeSeconds,
    nowSeconds,
    toleranceSeconds,
  };
}

/**
 * The parameters of a JOSE header that choose a key. `jwk`, `jku`, `x5u` and `x5c` are never looked at: a token does not
 * bring its own trust (RFC 8725 §3.10).
 */
function checkHeader(header: JsonObject, profile: TokenProfile, algorithms: readonly JwsAlgorithm[]): JwsHeader {
  const { typ, alg, kid } = header;
  if (!isAccessTokenType(typ, profile)) throw new InvalidTokenError('ERR_TOKEN_TYPE');
  // No extension is supported, and an unencoded payload is not for JWTs (RFC 7515 §4.1.11, RFC 7797 §7).
  if ('crit' in header || 'b64' in header) throw new InvalidTokenError('ERR_TOKEN_CRITICAL');
  const algorithm = algorithms.find((name) => name === alg);
  if (algorithm === undefined) throw new InvalidTokenError('ERR_TOKEN_ALGORITHM');
  if (kid === undefined) return { alg: algorithm };
  if (typeof kid !== 'string') throw new InvalidTokenError('ERR_TOKEN_MALFORMED');
  return { alg: algorithm, kid };
}
