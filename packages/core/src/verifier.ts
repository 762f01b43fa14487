import { createAdmission } from './admission.ts';
import type { Agent } from './agent/agent.ts';
import { AuthenticatedVisit } from './authenticated-visit.ts';
import { createAuthenticator } from './authentication.ts';
import { createAuthorizer } from './authorization.ts';
import { UnavailableError } from './errors.ts';
import { createEvaluator, type Outcome, type Question } from './evaluation.ts';
import { isAnonymous } from './http/credentials.ts';
import type { Endpoint, HttpRequest } from './http/request.ts';
import { createTrustedIssuers } from './issuer/issuers.ts';
import type { IssuerHealth } from './issuer/trusted.ts';
import { parseOptions, type VerifierOptions, type VerifierSettings } from './options.ts';
import { createPrivateSlot } from './private-slot.ts';
import { createDpop, type Dpop } from './proof/create-dpop.ts';
import type { StoreHealth } from './proof/replay-store.ts';
import { requireSharedReplayStore } from './proof/shared-replay.ts';
import { type Ready, whenReady } from './ready.ts';
import { createImpossibilityFinder } from './requirement/impossibility.ts';
import { createOfferList } from './requirement/offers.ts';
import { createPreparer } from './requirement/prepare.ts';
import type { Requirement, RequirementInput } from './requirement/requirement.ts';
import { demandsCertificate, takesBearerScheme } from './requirement/sender-constraint.ts';
import { createMetadataEndpoint } from './resource/metadata.ts';
import { isMemoryRevocationList, type RevocationListHealth } from './status/revocation-list.ts';
import { createRevocationCheck, createRevocations, findProcessList, type Revocations } from './status/revocations.ts';

/** What one evaluation is told beside the request. */
export interface CheckOptions<Context = unknown> {
  /** Default: the baseline. What `prepare` returned is used as it is; anything else is prepared on every call. */
  readonly requirement?: RequirementInput<Context>;
  /** Handed to `allow`. */
  readonly context?: Context;
  /** `optional` lets requests without an `Authorization` field pass as `anonymous`. Default `require`. */
  readonly mode?: 'require' | 'optional' | undefined;
  /** The pattern of the route, for decisions. */
  readonly route?: string | undefined;
}

/** Guards one resource: from a request to an agent, or to the answer that refuses it. */
export interface Verifier<Context = unknown> {
  /** The baseline, as a requirement to check by. */
  prepare(): Requirement<Context>;
  /**
   * Checks a requirement and merges it with the baseline, once, when a guard is made.
   *
   * @throws ConfigurationError with every problem; an explicit `undefined` is one
   */
  prepare(requirement: RequirementInput<Context>): Requirement<Context>;
  /** Down to the agent. The requirement shapes the challenge; its scopes and rules are not applied. */
  authenticate(request: HttpRequest, options?: Omit<CheckOptions<Context>, 'context' | 'mode'>): Promise<Outcome>;
  /** The rest, for an agent that this verifier made and whose token has neither expired nor been revoked. Rejects with a TypeError for others. */
  authorize(agent: Agent, options?: Omit<CheckOptions<Context>, 'mode'>): Promise<Outcome>;
  /**
   * Both: what adapters call. The token is verified once for each `HttpRequest`, so that guards stack.
   *
   * None of the three rejects with an `AuthError`: a refusal is an outcome. They reject with a `ConfigurationError` for a
   * requirement that cannot be used, and with whatever else `allow`, `onDecision` or `renderProblem` throws.
   */
  check(request: HttpRequest, options?: CheckOptions<Context>): Promise<Outcome>;
  /** Ends tokens before they expire: at this verifier, and wherever its list is read. */
  readonly revocations: Revocations;
  /** The metadata document of the resource (RFC 9728). */
  readonly metadata: Endpoint;
  /**
   * Resolves when the keys of every listed issuer are loaded, the metadata is signed where it has a signer, and the replay
   * store can record. Rejects with an `UnavailableError`, or with what is wrong with the signer.
   */
  ready(): Promise<void>;
  /** What a probe wants to know. Asks nobody. */
  health(): VerifierHealth;
  /** Ends what is under way. From then on every request is answered with 503, whatever was known of it. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface VerifierHealth {
  /** One entry for each issuer, in the order of the options; of a directory, those that are known now. */
  readonly issuers: readonly IssuerHealth[];
  /** How many verified tokens are remembered. */
  readonly cachedTokens: number;
  readonly revocations: RevocationListHealth;
  /** Of the stores that tell how they are; undefined for one that does not, or is not used. */
  readonly stores: { readonly replay: StoreHealth | undefined };
}

/**
 * Makes the verifier of one resource. It fetches nothing before the first token, or `ready()`; make one for each resource
 * and keep it, because it holds the keys.
 *
 * @throws ConfigurationError with every problem of the options
 */
export function createVerifier<Context = unknown>(options: VerifierOptions<Context>): Verifier<Context> {
  const settings = parseOptions(options);
  const { resource, limits, clockToleranceSeconds, now } = settings;
  const issuers = createTrustedIssuers(settings.issuers, settings, limits.cachedIssuers);
  if (settings.dpop !== 'off') requireSharedReplayStore(options.stores?.replay);
  const dpop = startDpop(settings);
  const list = settings.stores.revocations ?? findProcessList(now);
  const findDoubt = createRevocationCheck(list);
  const given = options.stores?.revocations;
  const revocations = createRevocations({
    list,
    isShared: given !== undefined && !isMemoryRevocationList(given),
    issuers,
    toleranceSeconds: clockToleranceSeconds,
    now,
  });
  const authenticator = createAuthenticator(settings, issuers, dpop?.verifier, findDoubt);
  const prepare = createPreparer(
    settings.requirement,
    createImpossibilityFinder({ verifiesProofs: dpop !== undefined, canAsk: issuers.canAsk }),
  );
  const authorize = createAuthorizer<Context>(settings.scopeHierarchy);
  const evaluate = createEvaluator(settings, {
    listOffers: createOfferList(dpop?.offer),
    issueNonce: () => dpop?.issueNonce(),
  });
  const metadata = createMetadataEndpoint(
    {
      resource,
      authorizationServers: issuers.advertised,
      proofAlgorithms: settings.dpop === 'off' ? undefined : settings.dpop.algorithms,
      requiresDpop: !takesBearerScheme(settings.requirement),
      takesCertificates: demandsCertificate(settings.requirement) || settings.trustedProxies.length > 0,
    },
    settings.metadata,
    now,
  );
  const memories = createPrivateSlot<AuthenticatedVisit>();
  const admission = createAdmission({ authenticator, findDoubt, toleranceSeconds: clockToleranceSeconds, now });
  let isClosed = false;

  function refuseWhenClosed(): void {
    if (isClosed) throw new UnavailableError('ERR_VERIFIER_CLOSED', 1);
  }

  function memoryOf(request: HttpRequest): AuthenticatedVisit {
    const known = memories.get(request);
    if (known !== undefined) return known;
    const memory = new AuthenticatedVisit(request);
    memories.set(request, memory);
    return memory;
  }

  function readOptions(step: Question<Context>['step'], options: CheckOptions<Context>): Question<Context> {
    // An explicit `undefined` reaches `prepare`, which refuses it.
    const requirement =
      'requirement' in options ? prepare(options.requirement as RequirementInput<Context>) : settings.requirement;
    return { step, requirement, route: settings.onDecision && options.route };
  }

  const takeSteps: CheckSteps<Context> = (request, options = {}) => {
    const memory = memoryOf(request);
    const question = readOptions('check', options);
    return evaluate(memory, question, (trail) => {
      refuseWhenClosed();
      if (options.mode === 'optional' && isAnonymous(request)) return undefined;
      return whenReady(admission.admit(memory, question.requirement, trail), (agent) =>
        authorize(agent, question.requirement, options.context as Context, trail),
      );
    });
  };

  const check: Verifier<Context>['check'] = async (request, options) => takeSteps(request, options);
  stepsOf.set(check, takeSteps);

  async function close(): Promise<void> {
    isClosed = true;
    issuers.close();
    dpop?.close();
  }

  return {
    prepare,
    async authenticate(request, options = {}) {
      const memory = memoryOf(request);
      const question = readOptions('authenticate', options);
      return evaluate(memory, question, (trail) => {
        refuseWhenClosed();
        return admission.admit(memory, question.requirement, trail);
      });
    },
    async authorize(agent, options = {}) {
      const authentication = admission.find(agent);
      if (authentication === undefined) throw new TypeError('The agent was not made by this verifier.');
      const question = readOptions('authorize', options);
      return evaluate(authentication.visit, question, (trail) => {
        refuseWhenClosed();
        trail.agent = agent;
        return whenReady(admission.readmit(authentication, question.requirement, trail), ({ claim }) =>
          authorize(claim.agent, question.requirement, options.context as Context, trail),
        );
      });
    },
    check,
    revocations,
    metadata,
    async ready() {
      await Promise.all([metadata.ready(), issuers.ready(), dpop?.ready(), list.ready?.()]);
    },
    health: () => ({
      issuers: issuers.health(),
      cachedTokens: authenticator.cachedTokens,
      revocations: list.health(),
      stores: { replay: dpop?.health() },
    }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** The steps behind the `check` of each verifier. */
const stepsOf = createPrivateSlot<object>();

type CheckSteps<Context> = (request: HttpRequest, options?: CheckOptions<Context>) => Ready<Outcome>;

/**
 * What `check` of the verifier promises: at once where nothing has to be waited for. A guard that returns to its framework
 * with no promise in between takes 3 µs less. Where `check` was wrapped or replaced, the one that is there now is called.
 *
 * What `check` would reject with is thrown where it is found at once.
 */
export function checkAtOnce<Context>(
  verifier: Verifier<Context>,
  request: HttpRequest,
  options: CheckOptions<Context>,
): Ready<Outcome> {
  const steps = stepsOf.get(verifier.check) as CheckSteps<Context> | undefined;
  if (steps !== undefined) return steps(request, options);
  // Others may copy what they are given, and have promises of their own.
  return Promise.resolve(verifier.check(request, { ...options, route: options.route }));
}

function startDpop<Context>(settings: VerifierSettings<Context>): Dpop | undefined {
  const { dpop, stores, resource, publicUrl, clockToleranceSeconds, limits, now } = settings;
  if (dpop === 'off') return undefined;
  const { verificationsInFlight } = limits;
  const toleranceSeconds = clockToleranceSeconds;
  return createDpop({ settings: dpop, stores, resource, publicUrl, toleranceSeconds, verificationsInFlight, now });
}
