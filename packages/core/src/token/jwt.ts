import { type CryptoKey, compactVerify, errors, type JWSHeaderParameters } from 'jose';
import { InvalidTokenError } from '../errors.ts';
import type { JwsAlgorithm } from '../issuer/algorithms.ts';
import type { PublishedKeys } from '../issuer/json-web-keys.ts';
import type { OfferedKeys } from '../issuer/key-set.ts';
import type { TrustedIssuer, TrustedIssuers } from '../issuer/trusted.ts';
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
  { compact, header, payload }: ParsedJws,
  expected: AccessTokenExpectations,
): Promise<VerifiedAccessToken> {
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
  const { published, ageSeconds } = await findVerifyingKeys(compact, issuer, joseHeader);
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
  compact: string,
  issuer: TrustedIssuer,
  header: JWSHeaderParameters & { readonly alg: JwsAlgorithm },
): Promise<OfferedKeys> {
  let hasFittingKey = false;
  for await (const offered of issuer.keys.offer(header)) {
    if (await isVerifiedBy(offered.keys, compact, header.alg)) return offered;
    hasFittingKey = true;
  }
  throw new InvalidTokenError(hasFittingKey ? 'ERR_TOKEN_SIGNATURE' : 'ERR_TOKEN_KEY');
}

async function isVerifiedBy(keys: readonly CryptoKey[], compact: string, alg: JwsAlgorithm): Promise<boolean> {
  for (const key of keys) {
    try {
      await compactVerify(compact, key, { algorithms: [alg] });
      return true;
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) throw error;
    }
  }
  return false;
}
