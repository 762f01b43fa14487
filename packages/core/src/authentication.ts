import type { Confirmation } from './agent/agent.ts';
import { createAgentMaker } from './agent/create.ts';
import { type AuthenticatedVisit, Authentication, Claim, Possession } from './authenticated-visit.ts';
import type { DecisionCheck } from './decision.ts';
import { InvalidTokenError, type UnavailableError } from './errors.ts';
import type { Visit } from './evaluation.ts';
import {
  type AccessTokenScheme,
  accessTokenSchemes,
  refuseOtherThanToken68,
  splitCredentials,
} from './http/credentials.ts';
import { isFresh } from './introspection/freshness.ts';
import type { TrustedIssuers } from './issuer/trusted.ts';
import type { VerifierSettings } from './options.ts';
import type { ProofVerifier } from './proof/dpop.ts';
import { type CertificateSource, createCertificateVerifier } from './proof/mtls.ts';
import { keepFailure, type Ready, whenReady } from './ready.ts';
import type { Requirement } from './requirement/requirement.ts';
import { satisfies } from './requirement/sender-constraint.ts';
import type { FindDoubt } from './status/revocations.ts';
import { createAccessTokens, type Known } from './token/access-tokens.ts';
import { hashToken } from './token/token-cache.ts';

/** What was heard for a request is news for so long, however young a guard wants it: to answer takes a while. */
const newsSeconds = 5;

/** What a guard demands of the authentication itself. */
type AuthenticationDemands = Pick<Requirement<never>, 'senderConstraint' | 'maxStatusAgeSeconds'>;

export interface Authenticator {
  /**
   * From the credentials to an agent that has proven that the token is its own. The binding and the age of the status that a
   * guard demands come before the proof, so that a request which is refused for them uses up nothing.
   *
   * @throws AuthError
   */
  authenticate(visit: AuthenticatedVisit, requirement: AuthenticationDemands): Ready<Authentication>;
  /**
   * The same for an agent that is kept, perhaps for longer than its request: by what the issuer said at most so long ago.
   *
   * @param doubt where the revocation list is behind
   * @throws AuthError
   */
  recheck(
    authentication: Authentication,
    maxStatusAgeSeconds: number | undefined,
    doubt: UnavailableError | undefined,
  ): Promise<Authentication>;
  /**
   * What its issuer says of a token about which the revocation list is behind. Nobody is asked again where the issuer was asked
   * for this request, and that was not long ago.
   *
   * @throws AuthError: the doubt, where the issuer is not to be asked
   */
  settle(
    authentication: Authentication,
    maxStatusAgeSeconds: number | undefined,
    doubt: UnavailableError,
  ): Ready<Authentication>;
  /** From where what was found is known. */
  describe(authentication: Authentication): readonly DecisionCheck[];
  /** What a later guard builds on, and the status where it demands one. */
  describeEarlier(
    authentication: Authentication,
    requirement: Pick<AuthenticationDemands, 'maxStatusAgeSeconds'>,
  ): readonly DecisionCheck[];
  /** What settled a doubt. */
  describeSettled(authentication: Authentication): readonly DecisionCheck[];
  /** How many tokens are remembered. */
  readonly cachedTokens: number;
}

export function createAuthenticator(
  settings: VerifierSettings<never>,
  issuers: TrustedIssuers,
  /** Undefined where bearer tokens are served alone. */
  proofs: ProofVerifier | undefined,
  findDoubt: FindDoubt,
): Authenticator {
  const { resource, trustedProxies, limits, clockToleranceSeconds, now } = settings;
  const schemes: readonly AccessTokenScheme[] = proofs === undefined ? ['Bearer'] : accessTokenSchemes;
  const certificates = createCertificateVerifier(trustedProxies);
  const tokens = createAccessTokens({
    issuers,
    resource,
    // One agent for each request, of what its token says: claims that are remembered were read once.
    derive: (claims) => createAgentMaker(claims, limits.actDepth),
    capacity: limits.cachedTokens,
    toleranceSeconds: clockToleranceSeconds,
    now,
  });

  function readClaim(visit: Visit, maxStatusAgeSeconds: number | undefined): Ready<Claim> {
    const { scheme, token: compact } = splitCredentials(visit.request, limits.tokenBytes, schemes);
    const hash = hashToken(compact);
    const known = tokens.recall(hash, visit);
    // What is remembered is of the grammar: it was read before, byte for byte.
    if (known === undefined) refuseOtherThanToken68(compact);
    visit.scheme = scheme;
    return whenReady(
      known ?? tokens.read(hash, compact, visit, maxStatusAgeSeconds),
      (token) => new Claim({ scheme, compact }, token, token.derived(), boundOf(token, maxStatusAgeSeconds)),
    );
  }

  /** The status of an opaque token is all that is known of it. A JWT still has to be asked about, where its issuer wants that. */
  function boundOf(token: Claim['token'], maxStatusAgeSeconds: number | undefined): number | undefined {
    if (token.kind === 'opaque') return limitOf(token, maxStatusAgeSeconds);
    return token.issuer.recheckSeconds === undefined ? Number.POSITIVE_INFINITY : undefined;
  }

  /** How old a status may be, by what a guard demands and by the options of the issuer. */
  function limitOf({ kind, issuer }: Claim['token'], maxStatusAgeSeconds = Number.POSITIVE_INFINITY): number {
    const ofIssuer = kind === 'jwt' ? issuer.recheckSeconds : issuer.introspection?.cacheSeconds;
    return Math.min(maxStatusAgeSeconds, ofIssuer ?? Number.POSITIVE_INFINITY);
  }

  /** A later guard asks again only where it demands what is younger than what an earlier one did. */
  function needsRecheck({ statusWithin }: Claim, maxStatusAgeSeconds = Number.POSITIVE_INFINITY): boolean {
    return statusWithin === undefined || maxStatusAgeSeconds < statusWithin;
  }

  async function recheck(claim: Claim, maxStatusAgeSeconds: number | undefined): Promise<Claim> {
    const token = await tokens.recheck(claim.token, claim.compact, maxStatusAgeSeconds);
    const agent = token === claim.token ? claim.agent : token.derived();
    return new Claim(claim, token, agent, limitOf(token, maxStatusAgeSeconds));
  }

  /** Who was asked for this request, and said what is young enough, is not asked again, unless the request lasts. */
  function settle(claim: Claim, maxStatusAgeSeconds: number | undefined, doubt: UnavailableError): Ready<Claim> {
    const { token, statusWithin = Number.POSITIVE_INFINITY } = claim;
    const { status } = token;
    const { introspection } = token.issuer;
    if (introspection?.whenBehind !== 'ask') throw doubt;
    const bound = Math.min(introspection.cacheSeconds, limitOf(token, maxStatusAgeSeconds));
    const isHeard = status !== undefined && isFresh(status.at, Math.max(bound, newsSeconds), now());
    return isHeard && statusWithin <= bound ? claim : confirmStatus(claim, bound, doubt);
  }

  async function confirmStatus(claim: Claim, maxStatusAgeSeconds: number, doubt: UnavailableError): Promise<Claim> {
    const token = await tokens.confirm(claim.token, claim.compact, maxStatusAgeSeconds, doubt);
    return new Claim(claim, token, token.derived(), maxStatusAgeSeconds);
  }

  function describe({ claim, possession }: Authentication): readonly DecisionCheck[] {
    const { signature, status } = claim.token;
    return [
      ...(signature === undefined ? [] : [{ check: 'signature', ...describeAge(signature) } as const]),
      ...(status === undefined ? [] : [{ check: 'status', ...describeAge(status) } as const]),
      ...describePossession(possession),
    ];
  }

  function describePossession({ at, certificate, proofIssuedAtSeconds }: Possession): readonly DecisionCheck[] {
    const checks: DecisionCheck[] = certificate === undefined ? [] : [{ check: 'confirmation', source: certificate }];
    if (proofIssuedAtSeconds === undefined) return checks;
    // When the proof was accepted, not now. A difference of seconds would have parts of milliseconds that nobody measured.
    const ageSeconds = Math.max(0, (at - proofIssuedAtSeconds * 1000) / 1000);
    return [...checks, { check: 'confirmation', source: 'dpop-proof', ageSeconds }];
  }

  function describeAge<Source extends string>({ source, at }: Known<Source>) {
    return { source, ageSeconds: secondsSince(at) };
  }

  /**
   * What a token is bound to has to be proven, and nothing else can be (RFC 8705 §3, RFC 9449 §7.1, §7.2). The certificate
   * comes first: a request that is refused for it uses up no proof.
   */
  function prove(visit: Visit, { scheme, agent, token }: Claim): Ready<Possession> {
    const { confirmation } = agent;
    if (!('jkt' in confirmation)) {
      if (scheme === 'DPoP') throw new InvalidTokenError('ERR_TOKEN_UNBOUND');
      return new Possession(now(), proveByCertificate(visit, confirmation), undefined);
    }
    if (scheme === 'Bearer' || proofs === undefined) throw new InvalidTokenError('ERR_TOKEN_BOUND');
    const certificate = proveByCertificate(visit, confirmation);
    const proof = proofs.verify(visit.request, { jkt: confirmation.jkt, hash: token.hash, entry: token.entry });
    return whenReady(proof, ({ issuedAtSeconds, nonce }) => {
      visit.needsNonce = nonce === 'aging';
      return new Possession(now(), certificate, issuedAtSeconds);
    });
  }

  function proveByCertificate(visit: Visit, confirmation: Confirmation): CertificateSource | undefined {
    if (!('thumbprint' in confirmation)) return undefined;
    const source = certificates.verify(visit.request, confirmation.thumbprint);
    visit.dependsOnField = source === 'client-cert-field';
    return source;
  }

  function secondsSince(time: number): number {
    return Math.max(0, (now() - time) / 1000);
  }

  return {
    authenticate(visit, { senderConstraint = 'when-bound', maxStatusAgeSeconds }) {
      visit.claim ??= keepFailure(() => readClaim(visit, maxStatusAgeSeconds));
      return whenReady(visit.claim, (known) => {
        const { method } = known.agent.confirmation;
        const isAsked = needsRecheck(known, maxStatusAgeSeconds);
        // Before the issuer is asked, and before the proof, which a revoked token must not use up. Everybody is asked once
        // more when that is done.
        const doubt = isAsked || method !== 'none' ? findDoubt(known.agent) : undefined;
        if (!satisfies(method, senderConstraint)) throw new InvalidTokenError('ERR_TOKEN_SENDER_CONSTRAINT');
        if (doubt !== undefined) visit.claim = settle(known, maxStatusAgeSeconds, doubt);
        else if (isAsked) visit.claim = recheck(known, maxStatusAgeSeconds);
        // Of a guard that waits beside this one, where it has asked.
        return whenReady(visit.claim ?? known, (claim) => {
          visit.possession ??= keepFailure(() => prove(visit, claim));
          return whenReady(visit.possession, (possession) => new Authentication(visit, claim, possession));
        });
      });
    },
    async recheck({ visit, claim: known, possession }, maxStatusAgeSeconds, doubt) {
      const claim =
        doubt === undefined
          ? await recheck(known, maxStatusAgeSeconds)
          : // What the issuer said for its request was long ago.
            await settle(new Claim(known, known.token, known.agent, undefined), maxStatusAgeSeconds, doubt);
      return new Authentication(visit, claim, possession);
    },
    settle({ visit, claim: known, possession }, maxStatusAgeSeconds, doubt) {
      return whenReady(settle(known, maxStatusAgeSeconds, doubt), (claim) => {
        visit.claim = claim;
        return new Authentication(visit, claim, possession);
      });
    },
    describe,
    describeEarlier(authentication, { maxStatusAgeSeconds }) {
      const { at } = authentication.possession;
      const checks = maxStatusAgeSeconds === undefined ? [] : describe(authentication);
      const status = checks.filter(({ check }) => check === 'status');
      return [{ check: 'authentication', source: 'same-request', ageSeconds: secondsSince(at) }, ...status];
    },
    describeSettled: ({ claim: { token } }) =>
      token.status === undefined ? [] : [{ check: 'revocation', ...describeAge(token.status) }],
    get cachedTokens() {
      return tokens.size;
    },
  };
}
