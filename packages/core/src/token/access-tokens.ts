import { InvalidTokenError, type UnavailableError } from '../errors.ts';
import type { Finding } from '../introspection/introspector.ts';
import type { TrustedIssuer, TrustedIssuers } from '../issuer/trusted.ts';
import type { AccessTokenClaims } from './claims.ts';
import { type ActiveAnswer, checkAnswer, narrowClaims, refuseDifferent } from './introspected.ts';
import { isJwt, type ParsedJws, parseJws } from './jws.ts';
import { expectClaims, type VerifiedAccessToken, verifyAccessToken } from './jwt.ts';
import { createTokenCache } from './token-cache.ts';

/** What a token says of itself, or its issuer of it, verified or not: for decisions. */
interface TokenTrace {
  token: Pick<ParsedJws, 'header' | 'payload'> | undefined;
}

/** From where something is known of a token, and since when: milliseconds since the epoch. */
export interface Known<Source extends string> {
  readonly source: Source;
  readonly at: number;
}

/** A token that is good, and what was made of its claims. */
export interface AccessToken<Derived> {
  readonly kind: 'jwt' | 'opaque';
  /** SHA-256, base64url. */
  readonly hash: string;
  readonly claims: AccessTokenClaims;
  readonly issuer: TrustedIssuer;
  /** The same object for the same token, as long as it is remembered: others remember by it what they find. */
  readonly entry: object;
  readonly derived: Derived;
  /** Of when the keys are that verified it, or when they did. Undefined for opaque tokens. */
  readonly signature: Known<'issuer-keys' | 'token-cache'> | undefined;
  /** What the issuer said of it; undefined for a JWT that it was not asked about. */
  readonly status: Known<Finding['source']> | undefined;
}

/** The access tokens of one resource: which are good, by their own word or by that of their issuer. */
export interface AccessTokens<Derived> {
  /**
   * A JWT that was verified a short while ago, of which nothing is left to be verified; undefined for any other. Nobody is
   * asked.
   *
   * @param hash SHA-256 of what came as a token, base64url
   */
  recall(hash: string, trace: TokenTrace): AccessToken<Derived> | undefined;
  /**
   * Verifies a token that is not remembered: a JWT by the keys of its issuer, any other by asking the issuer that takes it. What looks like a JWT is
   * one: when it fails, nobody is asked.
   *
   * @param maxStatusAgeSeconds what is learned of an opaque token is at most this old
   * @throws InvalidTokenError when the token is not good
   * @throws UnavailableError when nobody can tell
   */
  read(
    hash: string,
    compact: string,
    trace: TokenTrace,
    maxStatusAgeSeconds: number | undefined,
  ): Promise<AccessToken<Derived>>;
  /**
   * The same token, by what its issuer says at most so long ago: `recheckSeconds` of the issuer counts for JWTs as well.
   *
   * @throws InvalidTokenError when the token is not good any more, or its issuer is not trusted any more or cannot be asked
   * @throws UnavailableError when the issuer cannot tell, or a directory whether it is still trusted
   */
  recheck(
    token: AccessToken<Derived>,
    compact: string,
    maxStatusAgeSeconds: number | undefined,
  ): Promise<AccessToken<Derived>>;
  /**
   * The same token, where the list that says what is revoked is behind: by the word of its issuer, at most so old, and never by
   * its own, however young it is.
   *
   * @throws the doubt, where its issuer is not to be asked in place of the list
   * @throws InvalidTokenError when the token is not good any more, or its issuer is not trusted any more
   * @throws UnavailableError when the issuer cannot tell, or a directory whether it is still trusted
   */
  confirm(
    token: AccessToken<Derived>,
    compact: string,
    maxStatusAgeSeconds: number,
    doubt: UnavailableError,
  ): Promise<AccessToken<Derived>>;
  /** How many verified JWTs are remembered. */
  readonly size: number;
}

/** What is remembered of a JWT: all that the next request with it needs, made once. */
interface ReadToken<Derived> extends VerifiedAccessToken {
  readonly recalled: AccessToken<Derived>;
  readonly said: NonNullable<TokenTrace['token']>;
}

export function createAccessTokens<Derived>(options: {
  readonly issuers: TrustedIssuers;
  readonly resource: string;
  /** Makes of claims what they are needed for, once as long as the token is remembered. @throws InvalidTokenError */
  readonly derive: (claims: AccessTokenClaims) => Derived;
  readonly capacity: number;
  readonly toleranceSeconds: number;
  readonly now: () => number;
}): AccessTokens<Derived> {
  const { issuers, resource, derive, capacity, toleranceSeconds, now } = options;
  const cache = createTokenCache<ReadToken<Derived>>({
    capacity,
    toleranceSeconds,
    now,
    isCurrent: ({ issuer, published }) => issuers.isCurrent(issuer) && issuer.keys.isCurrent(published),
  });

  const environment = () => ({ resource, nowSeconds: now() / 1000, toleranceSeconds });

  async function readJwt(hash: string, compact: string, trace: TokenTrace): Promise<AccessToken<Derived>> {
    const parsed = parseJws(compact);
    trace.token = parsed;
    const verified = await verifyAccessToken(parsed, { findIssuer: issuers.find, ...environment() });
    const { header, claims, issuer, keysAgeSeconds } = verified;
    const at = now();
    const signature = { source: 'token-cache', at } as const;
    const derived = derive(claims);
    const recalled = {
      kind: 'jwt',
      hash,
      claims,
      issuer,
      entry: claims,
      derived,
      signature,
      status: undefined,
    } as const;
    // Without the token itself: it is a secret, and as large as everything else together.
    cache.remember(hash, { ...verified, recalled, said: { header, payload: claims.all } });
    return { ...recalled, signature: { source: 'issuer-keys', at: at - keysAgeSeconds * 1000 } };
  }

  async function readOpaque(
    hash: string,
    compact: string,
    issuer: TrustedIssuer,
    trace: TokenTrace,
    maxAgeSeconds: number | undefined,
  ): Promise<AccessToken<Derived>> {
    const { introspection } = issuer;
    if (introspection === undefined) throw new InvalidTokenError('ERR_TOKEN_STATUS');
    const finding = await introspection.find(hash, compact, maxAgeSeconds);
    const answer = readActive(finding);
    trace.token = { header: {}, payload: answer };
    const claims = checkAnswer(answer, expectClaims(issuer, environment()));
    const derived = derive(claims);
    return {
      kind: 'opaque',
      hash,
      claims,
      issuer,
      entry: answer,
      derived,
      signature: undefined,
      status: finding,
    };
  }

  /** An agent may be kept while a directory changes its mind about the issuer. */
  async function findIssuerAgain({ claims }: AccessToken<Derived>): Promise<TrustedIssuer> {
    const issuer = await issuers.find(claims.iss);
    if (issuer === undefined) throw new InvalidTokenError('ERR_TOKEN_ISSUER');
    return issuer;
  }

  async function recheckJwt(
    token: AccessToken<Derived>,
    compact: string,
    maxAgeSeconds: number,
  ): Promise<AccessToken<Derived>> {
    const { hash } = token;
    const { issuedAtSeconds } = token.claims;
    const issuer = await findIssuerAgain(token);
    if (issuer.introspection === undefined) throw new InvalidTokenError('ERR_TOKEN_STATUS');
    const finding = await issuer.introspection.recheck({ hash, token: compact, issuedAtSeconds }, maxAgeSeconds);
    return finding === undefined ? token : narrow(token, issuer, finding);
  }

  function narrow(token: AccessToken<Derived>, issuer: TrustedIssuer, finding: Finding): AccessToken<Derived> {
    const claims = narrowClaims(token.claims, readActive(finding), expectClaims(issuer, environment()));
    return { ...token, issuer, claims, derived: derive(claims), status: finding };
  }

  async function recheckOpaque(
    token: AccessToken<Derived>,
    compact: string,
    maxAgeSeconds: number,
  ): Promise<AccessToken<Derived>> {
    const { hash, issuer, claims } = token;
    const again = await readOpaque(hash, compact, issuer, { token: undefined }, maxAgeSeconds);
    const { iss, sub, tokenId, clientId, confirmation } = again.claims;
    refuseDifferent(claims, { iss, sub, tokenId, clientId, confirmation });
    return again;
  }

  return {
    recall(hash, trace) {
      const known = cache.find(hash);
      if (known === undefined) return undefined;
      trace.token = known.said;
      return known.recalled;
    },
    async read(hash, compact, trace, maxStatusAgeSeconds) {
      const issuer = issuers.findOpaque(compact);
      if (issuer === undefined || isJwt(compact)) return readJwt(hash, compact, trace);
      return readOpaque(hash, compact, issuer, trace, maxStatusAgeSeconds);
    },
    async recheck(token, compact, maxStatusAgeSeconds) {
      if (token.kind === 'jwt') {
        const { recheckSeconds } = token.issuer;
        const limits = [maxStatusAgeSeconds, recheckSeconds].filter((seconds) => seconds !== undefined);
        return limits.length === 0 ? token : recheckJwt(token, compact, Math.min(...limits));
      }
      return maxStatusAgeSeconds === undefined ? token : recheckOpaque(token, compact, maxStatusAgeSeconds);
    },
    async confirm(token, compact, maxStatusAgeSeconds, doubt) {
      const { kind, hash } = token;
      const issuer = kind === 'jwt' ? await findIssuerAgain(token) : token.issuer;
      if (issuer.introspection?.whenBehind !== 'ask') throw doubt;
      if (kind === 'opaque') return recheckOpaque(token, compact, maxStatusAgeSeconds);
      return narrow(token, issuer, await issuer.introspection.confirm({ hash, token: compact }, maxStatusAgeSeconds));
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
