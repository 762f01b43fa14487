import { InvalidTokenError } from '../errors.ts';
import type { Finding } from '../introspection/introspector.ts';
import type { TrustedIssuer, TrustedIssuers } from '../issuer/trusted.ts';
import type { AccessTokenClaims } from './claims.ts';
import { type ActiveAnswer, checkAnswer, narrowClaims, refuseDifferent } from './introspected.ts';
import { isJwt, type ParsedJws, parseJws } from './jws.ts';
import { expectClaims, verifyAccessToken } from './jwt.ts';
import { createTokenCache, hashToken, type RememberedToken } from './token-cache.ts';

/** What a token says of itself, or its issuer of it, verified or not: for decisions. */
interface TokenTrace {
  token?: Pick<ParsedJws, 'header' | 'payload'>;
}

/** From where it is known that a signature is good, and how old that is. */
export interface SignatureCheck {
  readonly check: 'signature';
  readonly source: 'issuer-keys' | 'token-cache';
  readonly ageSeconds: number;
}

/** A token that is good. */
export interface AccessToken {
  readonly kind: 'jwt' | 'opaque';
  readonly compact: string;
  /** SHA-256, base64url. */
  readonly hash: string;
  readonly claims: AccessTokenClaims;
  readonly issuer: TrustedIssuer;
  /** The same object for the same token, as long as it is remembered: others remember by it what they find. */
  readonly entry: object;
  /** Undefined for opaque tokens. */
  readonly signature: SignatureCheck | undefined;
  /** What the issuer said of it; undefined for a JWT that it was not asked about. */
  readonly status: Pick<Finding, 'source' | 'at'> | undefined;
}

/** The access tokens of one resource: which are good, by their own word or by that of their issuer. */
export interface AccessTokens {
  /**
   * Verifies a token: a JWT by the keys of its issuer, any other by asking the issuer that takes it. What looks like a JWT is
   * one: when it fails, nobody is asked.
   *
   * @param maxStatusAgeSeconds what is learned of an opaque token is at most this old
   * @throws InvalidTokenError when the token is not good
   * @throws UnavailableError when nobody can tell
   */
  read(compact: string, trace: TokenTrace, maxStatusAgeSeconds: number | undefined): Promise<AccessToken>;
  /**
   * The same token, by what its issuer says at most so long ago: `recheckSeconds` of the issuer counts for JWTs as well.
   *
   * @throws InvalidTokenError when the token is not good any more, or its issuer is not trusted any more or cannot be asked
   * @throws UnavailableError when the issuer cannot tell, or a directory whether it is still trusted
   */
  recheck(token: AccessToken, maxStatusAgeSeconds: number | undefined): Promise<AccessToken>;
  /** How many verified JWTs are remembered. */
  readonly size: number;
}

export function createAccessTokens(options: {
  readonly issuers: TrustedIssuers;
  readonly resource: string;
  /** What else a token must pass before it is remembered. @throws InvalidTokenError */
  readonly check: (claims: AccessTokenClaims) => void;
  readonly capacity: number;
  readonly toleranceSeconds: number;
  readonly now: () => number;
}): AccessTokens {
  const { issuers, resource, check, capacity, toleranceSeconds, now } = options;
  const cache = createTokenCache({
    capacity,
    toleranceSeconds,
    now,
    isCurrent: ({ issuer, published }) => issuers.isCurrent(issuer) && issuer.keys.isCurrent(published),
  });

  const environment = () => ({ resource, nowSeconds: now() / 1000, toleranceSeconds });

  function recall(compact: string, entry: RememberedToken): AccessToken {
    const { hash, token, verifiedAt } = entry;
    const { claims, issuer } = token;
    const ageSeconds = Math.max(0, (now() - verifiedAt) / 1000);
    const signature = { check: 'signature', source: 'token-cache', ageSeconds } as const;
    return { kind: 'jwt', compact, hash, claims, issuer, entry, signature, status: undefined };
  }

  async function readJwt(compact: string, hash: string, trace: TokenTrace): Promise<AccessToken> {
    const parsed = parseJws(compact);
    trace.token = parsed;
    const token = await verifyAccessToken(parsed, { findIssuer: issuers.find, ...environment() });
    check(token.claims);
    const entry = cache.remember(hash, token);
    const { claims, issuer, keysAgeSeconds: ageSeconds } = token;
    const signature = { check: 'signature', source: 'issuer-keys', ageSeconds } as const;
    return { kind: 'jwt', compact, hash, claims, issuer, entry, signature, status: undefined };
  }

  async function readOpaque(
    compact: string,
    hash: string,
    issuer: TrustedIssuer,
    trace: TokenTrace,
    maxAgeSeconds: number | undefined,
  ): Promise<AccessToken> {
    const { introspection } = issuer;
    if (introspection === undefined) throw new InvalidTokenError('ERR_TOKEN_STATUS');
    const finding = await introspection.find(hash, compact, maxAgeSeconds);
    const answer = readActive(finding);
    trace.token = { header: {}, payload: answer };
    const claims = checkAnswer(answer, expectClaims(issuer, environment()));
    return { kind: 'opaque', compact, hash, claims, issuer, entry: answer, signature: undefined, status: finding };
  }

  async function recheckJwt(token: AccessToken, maxAgeSeconds: number): Promise<AccessToken> {
    const { compact, hash, claims } = token;
    const { iss, issuedAtSeconds } = claims;
    // An agent may be kept while a directory changes its mind about the issuer.
    const issuer = await issuers.find(iss);
    if (issuer === undefined) throw new InvalidTokenError('ERR_TOKEN_ISSUER');
    if (issuer.introspection === undefined) throw new InvalidTokenError('ERR_TOKEN_STATUS');
    const finding = await issuer.introspection.recheck({ hash, token: compact, issuedAtSeconds }, maxAgeSeconds);
    if (finding === undefined) return token;
    const narrowed = narrowClaims(claims, readActive(finding), expectClaims(issuer, environment()));
    return { ...token, issuer, claims: narrowed, status: finding };
  }

  return {
    async read(compact, trace, maxStatusAgeSeconds) {
      const hash = hashToken(compact);
      const known = cache.find(hash);
      if (known !== undefined) {
        trace.token = { header: known.token.header, payload: known.token.claims.all };
        return recall(compact, known);
      }
      const issuer = isJwt(compact) ? undefined : issuers.findOpaque(compact);
      if (issuer === undefined) return readJwt(compact, hash, trace);
      return readOpaque(compact, hash, issuer, trace, maxStatusAgeSeconds);
    },
    async recheck(token, maxStatusAgeSeconds) {
      const { kind, compact, hash, claims, issuer } = token;
      if (kind === 'jwt') {
        const { recheckSeconds } = issuer;
        const limits = [maxStatusAgeSeconds, recheckSeconds].filter((seconds) => seconds !== undefined);
        return limits.length === 0 ? token : recheckJwt(token, Math.min(...limits));
      }
      if (maxStatusAgeSeconds === undefined) return token;
      const again = await readOpaque(compact, hash, issuer, {}, maxStatusAgeSeconds);
      const { iss, sub, tokenId, clientId, confirmation } = again.claims;
      refuseDifferent(claims, { iss, sub, tokenId, clientId, confirmation });
      return again;
    },
    get size() {
      return cache.size;
    },
  };
}

function readActive({ claims }: Finding): ActiveAnswer {
  if (claims === 'inactive') throw new InvalidTokenError('ERR_TOKEN_INACTIVE');
  return claims;
}
