import { parseAct } from './agent/act.ts';
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
import type { Requirement } from './requirement/requirement.ts';
import { satisfies } from './requirement/sender-constraint.ts';
import type { RevocableToken } from './status/revocation-table.ts';
import { type AccessToken, createAccessTokens } from './token/access-tokens.ts';
import type { AccessTokenClaims } from './token/claims.ts';

/** An agent that has proven who it is, and how that was found. */
export interface Authentication {
  readonly agent: Agent;
  readonly visit: Visit;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly checks: readonly DecisionCheck[];
  readonly claim: Claim;
  readonly possession: Possession;
}

/** A good token, and an agent that has not proven yet that the token is its own. */
interface Claim {
  readonly scheme: AccessTokenScheme;
  readonly token: AccessToken;
  readonly agent: Agent;
  /** The strictest bound by which the issuer was asked for this request, in seconds; undefined before. */
  readonly statusWithin: number | undefined;
}

/** That an agent has proven that the token is its own, and when. */
interface Possession {
  readonly at: number;
  readonly checks: readonly DecisionCheck[];
}

/** What is kept as long as its request is, so that a later guard neither verifies again nor calls a proof its own replay. */
export interface AuthenticatedVisit extends Visit {
  claim?: Promise<Claim>;
  possession?: Promise<Possession>;
}

/** What a guard demands of the authentication itself. */
type AuthenticationDemands = Pick<Requirement<never>, 'senderConstraint' | 'maxStatusAgeSeconds'>;

export interface Authenticator {
  /**
   * From the credentials to an agent that has proven that the token is its own. The binding and the age of the status that a
   * guard demands come before the proof, so that a request which is refused for them uses up nothing.
   *
   * @throws AuthError
   */
  authenticate(visit: AuthenticatedVisit, requirement: AuthenticationDemands): Promise<Authentication>;
  /**
   * The same for an agent that is kept, perhaps for longer than its request: by what the issuer said at most so long ago.
   *
   * @throws AuthError
   */
  recheck(authentication: Authentication, maxStatusAgeSeconds: number): Promise<Authentication>;
  /** What a later guard builds on, and the status where it demands one. */
  describeEarlier(
    authentication: Authentication,
    requirement: Pick<AuthenticationDemands, 'maxStatusAgeSeconds'>,
  ): readonly DecisionCheck[];
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
  const makers = new WeakMap<AccessTokenClaims, () => Agent>();
  const tokens = createAccessTokens({
    issuers,
    resource,
    check: ({ all }) => parseAct(all['act'], limits.actDepth),
    capacity: limits.cachedTokens,
    toleranceSeconds: clockToleranceSeconds,
    now,
  });

  /** One for each request, of what its token says: claims that are remembered were read once. */
  function makeAgent(claims: AccessTokenClaims): Agent {
    const known = makers.get(claims);
    if (known !== undefined) return known();
    const maker = createAgentMaker(claims, limits.actDepth);
    makers.set(claims, maker);
    return maker();
  }

  async function readClaim(visit: Visit, maxStatusAgeSeconds: number | undefined): Promise<Claim> {
    const { scheme, token: compact } = parseCredentials(visit.request, limits.tokenBytes, schemes);
    visit.scheme = scheme;
    const token = await tokens.read(compact, visit, maxStatusAgeSeconds);
    const agent = makeAgent(token.claims);
    return { scheme, token, agent, statusWithin: boundOf(token, maxStatusAgeSeconds) };
  }

  /** The status of an opaque token is all that is known of it. A JWT still has to be asked about, where its issuer wants that. */
  function boundOf({ kind, issuer }: AccessToken, maxStatusAgeSeconds = Number.POSITIVE_INFINITY): number | undefined {
    if (kind === 'opaque') return maxStatusAgeSeconds;
    return issuer.recheckSeconds === undefined ? Number.POSITIVE_INFINITY : undefined;
  }

  /** A later guard asks again only where it demands what is younger than what an earlier one did. */
  function needsRecheck({ statusWithin }: Claim, maxStatusAgeSeconds = Number.POSITIVE_INFINITY): boolean {
    return statusWithin === undefined || maxStatusAgeSeconds < statusWithin;
  }

  async function recheck(claim: Claim, maxStatusAgeSeconds: number | undefined): Promise<Claim> {
    const token = await tokens.recheck(claim.token, maxStatusAgeSeconds);
    const agent = token === claim.token ? claim.agent : makeAgent(token.claims);
    return { ...claim, token, agent, statusWithin: maxStatusAgeSeconds ?? Number.POSITIVE_INFINITY };
  }

  function describe(visit: AuthenticatedVisit, claim: Claim, possession: Possession): Authentication {
    const { agent, token } = claim;
    const ofToken: readonly DecisionCheck[] = [
      ...(token.signature === undefined ? [] : [token.signature]),
      ...(token.status === undefined ? [] : [describeStatus(token.status)]),
    ];
    return { agent, visit, claim, possession, at: possession.at, checks: [...ofToken, ...possession.checks] };
  }

  function describeStatus({ source, at }: NonNullable<AccessToken['status']>): DecisionCheck {
    return { check: 'status', source, ageSeconds: secondsSince(at) };
  }

  async function prove(visit: Visit, claim: Claim): Promise<Possession> {
    const checks = await confirm(visit, claim);
    return { at: now(), checks };
  }

  /**
   * What a token is bound to has to be proven, and nothing else can be (RFC 8705 §3, RFC 9449 §7.1, §7.2). The certificate
   * comes first: a request that is refused for it uses up no proof.
   */
  async function confirm(visit: Visit, { scheme, agent, token }: Claim): Promise<readonly DecisionCheck[]> {
    const { confirmation } = agent;
    if (!('jkt' in confirmation)) {
      if (scheme === 'DPoP') throw new InvalidTokenError('ERR_TOKEN_UNBOUND');
      return confirmByCertificate(visit, confirmation);
    }
    if (scheme === 'Bearer' || proofs === undefined) throw new InvalidTokenError('ERR_TOKEN_BOUND');
    const checks = confirmByCertificate(visit, confirmation);
    const { issuedAtSeconds, nonce } = await proofs.verify(visit.request, {
      jkt: confirmation.jkt,
      hash: token.hash,
      entry: token.entry,
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
    async authenticate(visit, { senderConstraint = 'when-bound', maxStatusAgeSeconds }) {
      visit.claim ??= readClaim(visit, maxStatusAgeSeconds);
      const known = await visit.claim;
      const { method } = known.agent.confirmation;
      const isAsked = needsRecheck(known, maxStatusAgeSeconds);
      // Before the issuer is asked, and before the proof, which a revoked token must not use up. Everybody is asked once more
      // when that is done.
      if (isAsked || method !== 'none') refuseRevoked(known.agent);
      if (!satisfies(method, senderConstraint)) throw new InvalidTokenError('ERR_TOKEN_SENDER_CONSTRAINT');
      if (isAsked) visit.claim = recheck(known, maxStatusAgeSeconds);
      const claim = await visit.claim;
      visit.possession ??= prove(visit, claim);
      return describe(visit, claim, await visit.possession);
    },
    async recheck({ visit, claim: known, possession }, maxStatusAgeSeconds) {
      return describe(visit, await recheck(known, maxStatusAgeSeconds), possession);
    },
    describeEarlier({ at, checks }, { maxStatusAgeSeconds }) {
      const status = maxStatusAgeSeconds === undefined ? [] : checks.filter(({ check }) => check === 'status');
      return [{ check: 'authentication', source: 'same-request', ageSeconds: secondsSince(at) }, ...status];
    },
    get cachedTokens() {
      return tokens.size;
    },
  };
}
