import type { Agent } from './agent/agent.ts';
import { createAgent } from './agent/create.ts';
import type { Check } from './decision.ts';
import { ForbiddenError, InsufficientScopeError, UnavailableError } from './errors.ts';
import { createEvaluator, type Outcome, type Trail, type Visit } from './evaluation.ts';
import { isAnonymous, parseCredentials, schemes } from './http/credentials.ts';
import type { Endpoint, HttpRequest } from './http/request.ts';
import { createIssuer, type IssuerHealth } from './issuer/issuer.ts';
import { parseOptions, type VerifierOptions } from './options.ts';
import { createPreparer, type PrepareRequirement } from './requirement/prepare.ts';
import { describeVerdict, type Requirement, type RequirementInput } from './requirement/requirement.ts';
import { createScopeCheck } from './requirement/scopes.ts';
import { createMetadataEndpoint } from './resource/metadata.ts';
import { checkExpiry } from './token/claims.ts';
import { parseJws } from './token/jws.ts';
import { verifyAccessToken } from './token/jwt.ts';

/** What one evaluation of a guard is told. */
export interface Guard<Context = unknown> {
  /** Default: the baseline. What `prepare` returned is used as it is; anything else is prepared on every call. */
  readonly requirement?: RequirementInput<Context>;
  /** Handed to `allow`. */
  readonly context?: Context;
  /** `optional` lets requests without an `Authorization` field pass as `anonymous`. Default `require`. */
  readonly mode?: 'require' | 'optional';
  /** The pattern of the route, for decisions. */
  readonly route?: string | undefined;
}

/** Guards one resource: from a request to an agent, or to the answer that refuses it. */
export interface Verifier<Context = unknown> {
  /**
   * Checks a requirement and merges it with the baseline, once, when a guard is made. Without an argument: the baseline.
   *
   * @throws ConfigurationError with every problem; an explicit `undefined` is one
   */
  readonly prepare: PrepareRequirement<Context>;
  /** Down to the agent. The requirement shapes the challenge; its scopes and rules are not applied. */
  authenticate(request: HttpRequest, guard?: Omit<Guard<Context>, 'context' | 'mode'>): Promise<Outcome>;
  /** The rest, for an agent that this verifier made and whose token has not expired. Rejects with a TypeError for any other. */
  authorize(agent: Agent, guard?: Omit<Guard<Context>, 'mode'>): Promise<Outcome>;
  /**
   * Both: what adapters call. None of the three rejects with an `AuthError`; each makes one decision. The token is
   * verified once for each `HttpRequest`, so that guards stack.
   */
  check(request: HttpRequest, guard?: Guard<Context>): Promise<Outcome>;
  /** The metadata document of the resource (RFC 9728). */
  readonly metadata: Endpoint;
  /** Resolves when the keys of every issuer are loaded; rejects with an `UnavailableError`. */
  ready(): Promise<void>;
  health(): VerifierHealth;
  /** Ends what is under way. Requests that come later are answered with 503. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface VerifierHealth {
  readonly issuers: readonly IssuerHealth[];
}

/** What is kept as long as its request is, so that a later guard neither verifies again nor calls a proof its own replay. */
interface Memory {
  readonly visit: Visit;
  authentication?: Promise<Authentication>;
}

interface Authentication {
  readonly agent: Agent;
  readonly visit: Visit;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly checks: readonly Check[];
}

/** @throws ConfigurationError with every problem of the options */
export function createVerifier<Context = unknown>(options: VerifierOptions<Context>): Verifier<Context> {
  const settings = parseOptions(options);
  const { resource, limits, now } = settings;
  const issuers = new Map(settings.issuers.map((issuer) => [issuer.issuer, createIssuer(issuer, settings)]));
  const prepare = createPreparer(settings.requirement);
  const findMissingScopes = createScopeCheck(settings.scopeHierarchy);
  const evaluate = createEvaluator(
    settings,
    schemes.map((scheme) => ({ scheme })),
  );
  const memories = new WeakMap<HttpRequest, Memory>();
  const authentications = new WeakMap<Agent, Authentication>();
  let isClosed = false;

  function readClock(): { readonly nowSeconds: number; readonly toleranceSeconds: number } {
    return { nowSeconds: now() / 1000, toleranceSeconds: settings.clockToleranceSeconds };
  }

  async function authenticate(visit: Visit): Promise<Authentication> {
    if (isClosed) throw new UnavailableError('ERR_VERIFIER_CLOSED', 1);
    const { scheme, token } = parseCredentials(visit.request, limits.tokenBytes);
    visit.scheme = scheme;
    visit.token = parseJws(token);
    const { claims, keysAgeSeconds } = await verifyAccessToken(visit.token, {
      findIssuer: (iss) => issuers.get(iss),
      resource,
      ...readClock(),
    });
    const agent = createAgent(claims, limits.actDepth);
    const checks: readonly Check[] = [{ check: 'signature', source: 'issuer-keys', ageSeconds: keysAgeSeconds }];
    const authentication = { agent, visit, at: now(), checks };
    authentications.set(agent, authentication);
    return authentication;
  }

  async function authenticateOnce(memory: Memory, trail: Trail): Promise<Agent> {
    const isFirst = memory.authentication === undefined;
    memory.authentication ??= authenticate(memory.visit);
    const authentication = await memory.authentication;
    trail.agent = authentication.agent;
    trail.checks = isFirst ? authentication.checks : [recallCheck(authentication)];
    return authentication.agent;
  }

  function recallCheck({ at }: Authentication): Check {
    return { check: 'authentication', source: 'same-request', ageSeconds: Math.max(0, (now() - at) / 1000) };
  }

  async function authorize(
    agent: Agent,
    { scopes = [], allow }: Requirement<Context>,
    context: Context,
    trail: Trail,
  ): Promise<Agent> {
    const missing = findMissingScopes(scopes, agent.scopes);
    if (missing.length > 0) throw new InsufficientScopeError('ERR_SCOPE', { reasons: missing });
    if (allow === undefined) return agent;
    const verdict = describeVerdict(await allow(agent, context));
    trail.reasons = verdict.reasons;
    trail.policies = verdict.policies;
    if (!verdict.allow) throw new ForbiddenError('ERR_ALLOW', { reasons: verdict.reasons });
    return agent;
  }

  function recall(request: HttpRequest): Memory {
    const known = memories.get(request);
    if (known !== undefined) return known;
    const memory: Memory = { visit: { request } };
    memories.set(request, memory);
    return memory;
  }

  function ask(guard: Guard<Context>): { requirement: Requirement<Context>; route: string | undefined } {
    // An explicit `undefined` reaches `prepare`, which refuses it.
    return { requirement: prepare(...('requirement' in guard ? [guard.requirement] : [])), route: guard.route };
  }

  async function close(): Promise<void> {
    isClosed = true;
    for (const issuer of issuers.values()) issuer.close();
  }

  return {
    prepare,
    async authenticate(request, guard = {}) {
      const memory = recall(request);
      return evaluate(memory.visit, ask(guard), (trail) => authenticateOnce(memory, trail));
    },
    async authorize(agent, guard = {}) {
      const authentication = authentications.get(agent);
      if (authentication === undefined) throw new TypeError('The agent was not made by this verifier.');
      const asked = ask(guard);
      return evaluate(authentication.visit, asked, async (trail) => {
        trail.agent = agent;
        trail.checks = [recallCheck(authentication)];
        // An agent may be kept longer than its token is good for, by a connection that stays open, say.
        checkExpiry(agent.expiresAt.getTime() / 1000, readClock());
        return authorize(agent, asked.requirement, guard.context as Context, trail);
      });
    },
    async check(request, guard = {}) {
      const memory = recall(request);
      const asked = ask(guard);
      return evaluate(memory.visit, asked, async (trail) => {
        if (guard.mode === 'optional' && isAnonymous(request)) return undefined;
        const agent = await authenticateOnce(memory, trail);
        return authorize(agent, asked.requirement, guard.context as Context, trail);
      });
    },
    metadata: createMetadataEndpoint(resource, [...issuers.keys()], settings.metadata),
    async ready() {
      await Promise.all([...issuers.values()].map((issuer) => issuer.keys.ready()));
    },
    health: () => ({ issuers: [...issuers.values()].map((issuer) => issuer.health()) }),
    close,
    [Symbol.asyncDispose]: close,
  };
}
