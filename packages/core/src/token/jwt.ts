import type { KeyObject } from 'node:crypto';
import type { JWSHeaderParameters } from 'jose';
import { InvalidTokenError } from '../errors.ts';
import type { JwsAlgorithm } from '../issuer/algorithms.ts';
import type { PublishedKeys } from '../issuer/json-web-keys.ts';
import type { KeySet, OfferedKeys } from '../issuer/key-set.ts';
import type { TrustedIssuer, TrustedIssuers } from '../issuer/trusted.ts';
import type { JsonObject } from '../json.ts';
import { type AccessTokenClaims, type ClaimExpectations, checkClaims } from './claims.ts';
import type { ParsedJws } from './jws.ts';
import { isAccessTokenType, type TokenProfile, tokenProfiles } from './profile.ts';
import { verifySignature } from './signature.ts';

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
  const { header, payload } = token;
  const { iss } = payload;
  const issuer = typeof iss === 'string' ? await expected.findIssuer(iss) : undefined;
  if (issuer === undefined) throw new InvalidTokenError('ERR_TOKEN_ISSUER');
  const profile = tokenProfiles[issuer.tokenProfile];
  const joseHeader = checkHeader(header, profile, issuer.algorithms);
  const { resource, nowSeconds, toleranceSeconds } = expected;
  const claims = checkClaims(payload, {
    issuer: issuer.issuer,
    audiences: issuer.audiences ?? [resource],
    profile,
    places: issuer.claims,
    maxLifetimeSeconds: issuer.maxTokenLifetimeSeconds,
    nowSeconds,
    toleranceSeconds,
  });
  const { published, ageSeconds } = await findVerifyingKeys(token, issuer.keys, joseHeader);
  return { header, claims, issuer, published, keysAgeSeconds: ageSeconds };
}

/**
 * The parameters of a JOSE header that choose a key. `jwk`, `jku`, `x5u` and `x5c` are never looked at: a token does not
 * bring its own trust (RFC 8725 §3.10).
 */
function checkHeader(
  header: JsonObject,
  profile: TokenProfile,
  algorithms: readonly JwsAlgorithm[],
): JWSHeaderParameters & { readonly alg: JwsAlgorithm } {
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

/** The keys of the issuer, one of which verifies the signature. */
async function findVerifyingKeys(
  token: ParsedJws,
  keySet: KeySet,
  header: JWSHeaderParameters & { readonly alg: JwsAlgorithm },
): Promise<Pick<OfferedKeys, 'published' | 'ageSeconds'>> {
  const known = await keySet.select(header);
  if (await isVerifiedBy(known.keys, token, header.alg)) return known;
  const newer = await known.renew();
  if (newer !== undefined && (await isVerifiedBy(newer.keys, token, header.alg))) return newer;
  const hasFittingKey = known.keys.length > 0 || (newer?.keys.length ?? 0) > 0;
  throw new InvalidTokenError(hasFittingKey ? 'ERR_TOKEN_SIGNATURE' : 'ERR_TOKEN_KEY');
}

async function isVerifiedBy(keys: readonly KeyObject[], token: ParsedJws, algorithm: JwsAlgorithm): Promise<boolean> {
  for (const key of keys) {
    if (await verifySignature(algorithm, key, token.signingInput, token.signature)) return true;
  }
  return false;
}
