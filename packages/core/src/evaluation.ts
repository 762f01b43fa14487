import type { Agent } from './agent/agent.ts';
import { buildDecision, type Decision, type DecisionCheck } from './decision.ts';
import { AuthError } from './errors.ts';
import { freezeDeeply } from './freeze.ts';
import type { ChallengeOffer } from './http/challenge.ts';
import type { AccessTokenScheme } from './http/credentials.ts';
import { buildRefusal } from './http/refusal.ts';
import type { HeaderLists, HttpRequest, HttpResponse } from './http/request.ts';
import type { VerifierSettings } from './options.ts';
import { type Ready, whenFailed, whenReady } from './ready.ts';
import type { Requirement } from './requirement/requirement.ts';
import { metadataUrl } from './resource/metadata.ts';
import type { ParsedJws } from './token/jws.ts';

/** How one evaluation of a guard ends. */
export type Outcome =
  | { readonly outcome: 'accepted'; readonly agent: Agent; readonly headers: HeaderLists }
  /** Only with mode `optional`, and only for requests without any `Authorization` field. */
  | { readonly outcome: 'anonymous'; readonly headers: HeaderLists }
  | { readonly outcome: 'refused'; readonly error: AuthError; readonly response: HttpResponse };

/** How one ends that asks for a token: nobody is anonymous there. */
export type CheckOutcome = Exclude<Outcome, { readonly outcome: 'anonymous' }>;

/** What is known of the request so far: its challenge and its decision need it. */
export interface Visit {
  readonly request: HttpRequest;
  /** The scheme that the caller tried, once its credentials could be read. */
  scheme: AccessTokenScheme | undefined;
  /** The token as parsed, verified or not. */
  token: Pick<ParsedJws, 'header' | 'payload'> | undefined;
  /** What guards that passed already asked for: an agent that is told less would come back with less. */
  passedScopes: readonly string[] | undefined;
  /** Whether the nonce of its proof is so old that a younger one is sent ahead. */
  needsNonce: boolean;
  /** Whether who the caller is was read in a field that caches do not know as credentials. */
  dependsOnField: boolean;
}

/** What one evaluation is about. */
export interface Question<Context> {
  readonly step: Decision['step'];
  readonly requirement: Requirement<Context>;
  readonly route: string | undefined;
}

/**
 * What the steps of one evaluation leave behind for its decision. A class, because it leads to the request: see
 * `AuthenticatedVisit`.
 */
export class Trail {
  agent: Agent | undefined = undefined;
  /** Asked for when somebody listens. */
  listChecks: () => readonly DecisionCheck[] = listNone;
  reasons: readonly string[] = none;
  policies: readonly string[] = none;
}

type Steps = (trail: Trail) => Ready<Agent | undefined>;

/** Runs the steps of one evaluation; an `AuthError` becomes the answer, anything else passes through as the bug it is. */
export type Evaluate<Context> = (visit: Visit, question: Question<Context>, steps: Steps) => Ready<Outcome>;

/** What an answer tells a caller about proofs. */
export interface Invitation<Context> {
  /** The schemes that can succeed where this is required. */
  listOffers(requirement: Requirement<Context>, attempted: Visit['scheme']): readonly ChallengeOffer[];
  /** A nonce for the next proof; undefined where nonces are not required. */
  issueNonce(): string | undefined;
}

const noHeaders: HeaderLists = Object.freeze({});
const uncacheable: HeaderLists = freezeDeeply({ 'cache-control': ['no-store'] });

export function createEvaluator<Context>(
  { resource, renderProblem, onDecision: listener, now }: VerifierSettings<Context>,
  { listOffers, issueNonce }: Invitation<Context>,
): Evaluate<Context> {
  const resourceMetadata = metadataUrl(resource);

  function conclude(visit: Visit, question: Question<Context>, steps: Steps, trail: Trail): Ready<Outcome> {
    return whenFailed(
      () => whenReady(steps(trail), (agent) => accept(visit, question, agent)),
      (error) => refuse(visit, question, error),
    );
  }

  function accept(visit: Visit, { step, requirement }: Question<Context>, agent: Agent | undefined): Outcome {
    if (agent === undefined) return { outcome: 'anonymous', headers: noHeaders };
    if (step !== 'authenticate') visit.passedScopes = unite(visit.passedScopes, requirement.scopes);
    return new Acceptance(agent, buildHeaders(visit));
  }

  function refuse(visit: Visit, { requirement }: Question<Context>, error: unknown): Outcome {
    if (!(error instanceof AuthError)) throw error;
    const scopes = unite(visit.passedScopes, requirement.scopes);
    const offers = listOffers(requirement, visit.scheme);
    const nonce = issueNonce();
    const context = { offers, attempted: visit.scheme, scopes, resourceMetadata, nonce };
    return { outcome: 'refused', error, response: buildRefusal(error, context, renderProblem) };
  }

  /** An answer with a nonce (RFC 9449 §8.2), or by the word of `Client-Cert` (RFC 9440 §2.4), is for its caller alone. */
  function buildHeaders({ needsNonce, dependsOnField }: Visit): HeaderLists {
    const nonce = needsNonce ? issueNonce() : undefined;
    if (nonce === undefined) return dependsOnField ? uncacheable : noHeaders;
    return { 'dpop-nonce': [nonce], ...uncacheable };
  }

  function tell(
    onDecision: NonNullable<typeof listener>,
    visit: Visit,
    { step, requirement, route }: Question<Context>,
    trail: Trail,
    ended: { readonly outcome: Decision['outcome']; readonly error: AuthError | undefined; readonly startedAt: number },
  ): Ready<void> {
    const { scopes = none, action } = requirement;
    const { outcome, error, startedAt } = ended;
    const told = onDecision(
      buildDecision({
        request: visit.request,
        asked: { resource, scopes, route, action },
        step,
        outcome,
        error,
        agent: trail.agent,
        token: visit.token,
        checks: trail.listChecks(),
        reasons: error?.reasons ?? trail.reasons,
        policies: trail.policies,
        at: now(),
        durationMicroseconds: Math.round((performance.now() - startedAt) * 1000),
      }),
    );
    // Most sinks are told, and give nothing that could be waited for.
    return typeof told === 'object' && told !== null ? waitFor(told) : undefined;
  }

  function concludeAndTell(
    onDecision: NonNullable<typeof listener>,
    visit: Visit,
    question: Question<Context>,
    steps: Steps,
  ): Ready<Outcome> {
    const trail = new Trail();
    const startedAt = performance.now();
    const concluded = whenFailed(
      () => conclude(visit, question, steps, trail),
      (bug) =>
        whenReady(tell(onDecision, visit, question, trail, { outcome: 'failed', error: undefined, startedAt }), () => {
          throw bug;
        }),
    );
    return whenReady(concluded, (outcome) => {
      const error = outcome.outcome === 'refused' ? outcome.error : undefined;
      const told = tell(onDecision, visit, question, trail, { outcome: outcome.outcome, error, startedAt });
      return whenReady(told, () => outcome);
    });
  }

  if (listener === undefined) return (visit, question, steps) => conclude(visit, question, steps, new Trail());
  return (visit, question, steps) => concludeAndTell(listener, visit, question, steps);
}

/** A class, because the agent leads to the request: see `AuthenticatedVisit`. */
class Acceptance {
  readonly outcome = 'accepted';
  readonly agent: Agent;
  readonly headers: HeaderLists;

  constructor(agent: Agent, headers: HeaderLists) {
    this.agent = agent;
    this.headers = headers;
  }
}

/** Whatever has a `then`, as `await` finds it. */
async function waitFor(told: object): Promise<void> {
  await told;
}

const none: readonly never[] = Object.freeze([]);

function listNone(): readonly never[] {
  return none;
}

function unite(passed: readonly string[] | undefined, required: readonly string[] = none): readonly string[] {
  return passed === undefined ? required : [...new Set([...passed, ...required])];
}
