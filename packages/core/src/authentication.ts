import type { Agent, Confirmation } from './agent/agent.ts';
import { createAgentMaker } from './agent/create.ts';
import type { DecisionCheck } from './decision.ts';
import { InvalidTokenError } from './errors.ts';
import type { Visit } from './evaluation.ts';
import { type AccessTokenScheme, accessTokenSchemes, parseCredentials } from './http/credentials.ts';
import type { TrustedIssuers } from './issuer/trusted.ts';
import type { VerifierSettings } from './options.ts';
import type { ProofVerifier } from './proof/dpop.ts';
import { createCertificateVerifier } from './proof/mtls.ts';
import { type SenderConstraint, satisfies } from './requirement/sender-constraint.ts';
import type { RevocableToken } from './status/revocation-table.ts';
import { parseJws } from './token/jws.ts';
import { type VerifiedAccessToken, verifyAccessToken } from './token/jwt.ts';
import { createTokenCache, hashToken, type RememberedToken } from './token/token-cache.ts';

/** An agent that has proven who it is, and how that was found. */
export interface Authentication {
  readonly agent: Agent;
  readonly visit: Visit;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly checks: readonly DecisionCheck[];
}

/** A good token, and what makes its agents. */
interface AgentToken extends VerifiedAccessToken {
  makeAgent(): Agent;
}

/** A good token, and an agent that has not proven yet that the token is its own. */
interface Claim {
  readonly scheme: AccessTokenScheme;
  readonly agent: Agent;
  readonly remembered: RememberedToken;
  readonly checks: readonly DecisionCheck[];
}

/** What is kept as long as its request is, so that a later guard neither verifies again nor calls a proof its own replay. */
export interface AuthenticatedVisit extends Visit {
  claim?: Promise<Claim>;
  authentication?: Promise<Authentication>;
}

export interface Authenticator {
  /**
   * From the credentials to an agent that has proven that the token is its own. The binding that a guard demands comes
   * before the proof, so that a request which is refused for it uses up nothing.
   *
   * @throws AuthError
   */
  authenticate(visit: AuthenticatedVisit, constraint: SenderConstraint | undefined): Promise<Authentication>;
  /** How many tokens are remembered. */
  readonly cachedTokens: number;
}

export function createAuthenticator(
  settings: VerifierSettings<never>,
  issuers: TrustedIssuers,
  /** Undefined where bearer tokens are served alone. */
  proofs: ProofVerifier | undefined,
  /** @throws AuthError for a token that is revoked */
  refuseRevoked: (token: RevocableToken) => void,
): Authenticator {
  const { resource, trustedProxies, limits, clockToleranceSeconds, now } = settings;
  const schemes: readonly AccessTokenScheme[] = proofs === undefined ? ['Bearer'] : accessTokenSchemes;
  const certificates = createCertificateVerifier(trustedProxies);
  const tokens = createTokenCache<AgentToken>({
    capacity: limits.cachedTokens,
    toleranceSeconds: clockToleranceSeconds,
    now,
    isCurrent: ({ issuer, published }) => issuers.isCurrent(issuer) && issuer.keys.isCurrent(published),
  });

  async function readClaim(visit: Visit): Promise<Claim> {
    const { scheme, token: compact } = parseCredentials(visit.request, limits.tokenBytes, schemes);
    visit.scheme = scheme;
    const key = hashToken(compact);
    const known = tokens.find(key);
    if (known !== undefined) {
      visit.token = { header: known.token.header, payload: known.token.claims.all };
      const ageSeconds = secondsSince(known.verifiedAt);
      return {
        scheme,
        agent: known.token.makeAgent(),
        remembered: known,
        checks: [{ check: 'signature', source: 'token-cache', ageSeconds }],
      };
    }
    const token = await verify(visit, compact);
    const makeAgent = createAgentMaker(token.claims, limits.actDepth);
    const agent = makeAgent();
    const remembered = tokens.remember(key, { ...token, makeAgent });
    const ageSeconds = token.keysAgeSeconds;
    return { scheme, agent, remembered, checks: [{ check: 'signature', source: 'issuer-keys', ageSeconds }] };
  }

  async function verify(visit: Visit, compact: string): Promise<VerifiedAccessToken> {
    const parsed = parseJws(compact);
    visit.token = parsed;
    return verifyAccessToken(parsed, {
      findIssuer: issuers.find,
      resource,
      nowSeconds: now() / 1000,
      toleranceSeconds: clockToleranceSeconds,
    });
  }

  async function prove(visit: Visit, claim: Claim): Promise<Authentication> {
    const { agent, checks } = claim;
    const proven = await confirm(visit, claim);
    return { agent, visit, at: now(), checks: [...checks, ...proven] };
  }

  /**
   * What a token is bound to has to be proven, and nothing else can be (RFC 8705 §3, RFC 9449 §7.1, §7.2). The certificate
   * comes first: a request that is refused for it uses up no proof.
   */
  async function confirm(visit: Visit, { scheme, agent, remembered }: Claim): Promise<readonly DecisionCheck[]> {
    const { confirmation } = agent;
    if (!('jkt' in confirmation)) {
      if (scheme === 'DPoP') throw new InvalidTokenError('ERR_TOKEN_UNBOUND');
      return confirmByCertificate(visit, confirmation);
    }
    if (scheme === 'Bearer' || proofs === undefined) throw new InvalidTokenError('ERR_TOKEN_BOUND');
    const checks = confirmByCertificate(visit, confirmation);
    const { issuedAtSeconds, nonce } = await proofs.verify(visit.request, {
      jkt: confirmation.jkt,
      hash: remembered.hash,
      entry: remembered,
    });
    visit.needsNonce = nonce === 'aging';
    const ageSeconds = secondsSince(issuedAtSeconds * 1000);
    return [...checks, { check: 'confirmation', source: 'dpop-proof', ageSeconds }];
  }

  function confirmByCertificate(visit: Visit, confirmation: Confirmation): readonly DecisionCheck[] {
    if (!('thumbprint' in confirmation)) return [];
    const source = certificates.verify(visit.request, confirmation.thumbprint);
    visit.dependsOnField = source === 'client-cert-field';
    return [{ check: 'confirmation', source }];
  }

  function secondsSince(time: number): number {
    return Math.max(0, (now() - time) / 1000);
  }

  return {
    async authenticate(visit, constraint = 'when-bound') {
      visit.claim ??= readClaim(visit);
      const claim = await visit.claim;
      // Before the proof, which a revoked token must not use up. Everybody is asked once more when that is done.
      if (claim.agent.confirmation.method !== 'none') refuseRevoked(claim.agent);
      if (!satisfies(claim.agent.confirmation.method, constraint)) {
        throw new InvalidTokenError('ERR_TOKEN_SENDER_CONSTRAINT');
      }
      visit.authentication ??= prove(visit, claim);
      return visit.authentication;
    },
    get cachedTokens() {
      return tokens.size;
    },
  };
}
