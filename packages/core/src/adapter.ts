import { types } from 'node:util';
import type { Agent } from './agent/agent.ts';
import type { CheckOutcome, Outcome } from './evaluation.ts';
import type { Endpoint, HttpRequest } from './http/request.ts';
import type { VerifierOptions } from './options.ts';
import { createPrivateSlot } from './private-slot.ts';
import { type Ready, whenFailed, whenReady } from './ready.ts';
import type { Requirement, RequirementInput } from './requirement/requirement.ts';
import type { Revocations } from './status/revocations.ts';
import { type CheckOptions, checkAtOnce, createVerifier, type Verifier } from './verifier.ts';

export { answerEndpoint } from './http/request.ts';
export { whenReady } from './ready.ts';

/** The guards of one API, behind the same names in every framework. */
export interface Guards<Context, Guard, Handler> {
  /** Lets only requests with a valid token pass: the baseline of the options, or any. */
  requireAgent(): Guard;
  /**
   * Lets only requests pass whose token satisfies a scope, several (all needed), or a requirement.
   *
   * @throws ConfigurationError at once when the requirement cannot be used
   */
  requireAgent(requirement: RequirementInput<Context>): Guard;
  /** As `requireAgent`, but requests without an `Authorization` field pass without an agent. A bad token never does. */
  optionalAgent(): Guard;
  optionalAgent(requirement: RequirementInput<Context>): Guard;
  /** Serves `/.well-known/oauth-protected-resource` (RFC 9728). Mount it at the root, above the guards. */
  resourceMetadata(): Handler;
  /** Serves any endpoint of Gatehouse. */
  serve(endpoint: Endpoint): Handler;
  /**
   * The same decision without a guard, for decorators and resolvers. Nothing is written, and no agent is attached:
   * `writeOutcome` of the adapter writes what it says.
   */
  check(context: Context): Promise<CheckOutcome>;
  check(context: Context, requirement: RequirementInput<Context>): Promise<CheckOutcome>;
  /** Ends tokens before they expire: the very next guard refuses them. */
  readonly revocations: Revocations;
  readonly verifier: Verifier<Context>;
}

/** What an adapter knows of its framework. `Context` is what the framework hands to handlers, and `allow` is given. */
export interface Framework<Context, Guard, Handler> {
  /** Gives the same object for the same request every time: that is how guards stack. */
  requestOf(context: Context): HttpRequest;
  /** The pattern under which the framework matched, as far as it knows one yet; for decisions only. */
  routeOf(context: Context): string | undefined;
  /** The objects on which handlers find `agent`. */
  hostsOf(context: Context): readonly object[];
  /**
   * A guard in the framework's own idiom. It awaits `decide`, which gives the outcome itself where nothing has to be waited
   * for; writes the answer of a refusal as it stands, and goes no further, nor for a caller that has left meanwhile; else
   * sets the fields of the outcome and goes on. The agent is attached already.
   *
   * `decide` throws or rejects with what `check` of a verifier rejects with, which may be anything: see `runGuard`.
   */
  readonly guard: (decide: (context: Context) => Outcome | Promise<Outcome>) => Guard;
  /** A handler in the framework's own idiom that writes what `answerEndpoint` gives, and goes on where that is nothing. */
  serve(endpoint: Endpoint): Handler;
}

/**
 * Runs the steps of a guard, which yield whether it goes on: at once where nothing has to be waited for. Whatever fails
 * rejects, and with an Error. A rule may throw anything, and each framework takes something of it for consent, or for
 * nothing at all: Express `undefined` and `'route'`, Koa `null`.
 */
export function runGuard(steps: () => boolean | Promise<boolean>): boolean | Promise<boolean> {
  return whenFailed(steps, (failure) => Promise.reject(toError(failure)));
}

function toError(failure: unknown): Error {
  // Of another realm, such as that of a test runner, it is an error as well.
  if (failure instanceof Error || types.isNativeError(failure)) return failure;
  return new Error('Something was thrown that is no error.', { cause: failure });
}

const agents = createPrivateSlot<Agent>();

/** The agent that a guard has found for this request, or undefined where none did. */
export function findAgent(request: HttpRequest): Agent | undefined {
  return agents.get(request);
}

/**
 * What an adapter hands to its users: everything but the framework's own idiom is decided here.
 *
 * @param options options, or a verifier that exists already
 * @throws ConfigurationError with every problem of the options
 */
export function createGuards<Context, Guard, Handler>(
  options: VerifierOptions<Context> | Verifier<Context> | Verifier,
  { requestOf, routeOf, hostsOf, guard, serve }: Framework<Context, Guard, Handler>,
): Guards<Context, Guard, Handler> {
  // A verifier whose rules ask for no context takes any.
  const verifier = isVerifier(options) ? (options as Verifier<Context>) : createVerifier(options);

  /** Passes on as many arguments as there were: an explicit `undefined` is not the same as nothing. */
  function prepare(input: readonly RequirementInput<Context>[]): Requirement<Context> {
    return verifier.prepare(...(input as [RequirementInput<Context>]));
  }

  function decide(
    request: HttpRequest,
    context: Context,
    requirement: Requirement<Context>,
    mode: CheckOptions['mode'],
  ): Ready<Outcome> {
    return checkAtOnce(verifier, request, new GuardOptions(requirement, context, mode, routeOf));
  }

  function attach(request: HttpRequest, context: Context, outcome: Outcome): Outcome {
    if (outcome.outcome === 'accepted') {
      const { agent } = outcome;
      agents.set(request, agent);
      for (const host of hostsOf(context) as readonly { agent?: Agent }[]) host.agent = agent;
    } else if (outcome.outcome === 'anonymous') {
      // Nobody is anonymous under the name that something else has put there.
      for (const host of hostsOf(context)) Reflect.deleteProperty(host, 'agent');
    }
    return outcome;
  }

  function createGuard(mode: CheckOptions['mode'], input: readonly RequirementInput<Context>[]): Guard {
    const requirement = prepare(input);
    return guard((context) => {
      const request = requestOf(context);
      return whenReady(decide(request, context, requirement, mode), (outcome) => attach(request, context, outcome));
    });
  }

  return {
    requireAgent: (...input: readonly RequirementInput<Context>[]) => createGuard('require', input),
    optionalAgent: (...input: readonly RequirementInput<Context>[]) => createGuard('optional', input),
    resourceMetadata(...input: readonly unknown[]) {
      // Handed over uncalled it would be given the request, answer nothing and let it hang.
      if (input.length > 0) throw new TypeError('Call resourceMetadata() where you mount it.');
      return serve(verifier.metadata);
    },
    serve,
    check: async (context: Context, ...input: readonly RequirementInput<Context>[]) =>
      // Where a token is required, no outcome is anonymous.
      decide(requestOf(context), context, prepare(input), 'require') as Promise<CheckOutcome>,
    revocations: verifier.revocations,
    verifier,
  };
}

/** A class, because the context leads to the request: see `AuthenticatedVisit`. */
class GuardOptions<Context> implements CheckOptions<Context> {
  readonly requirement: Requirement<Context>;
  readonly context: Context;
  readonly mode: CheckOptions['mode'];
  readonly #routeOf: (context: Context) => string | undefined;

  constructor(
    requirement: Requirement<Context>,
    context: Context,
    mode: CheckOptions['mode'],
    routeOf: (context: Context) => string | undefined,
  ) {
    this.requirement = requirement;
    this.context = context;
    this.mode = mode;
    this.#routeOf = routeOf;
  }

  // Asked where somebody listens to decisions: Fastify makes an object of everything that it knows of a route.
  get route(): string | undefined {
    return this.#routeOf(this.context);
  }
}

function isVerifier<Context>(
  options: VerifierOptions<Context> | Verifier<Context> | Verifier,
): options is Verifier<Context> | Verifier {
  return typeof options === 'object' && options !== null && 'check' in options;
}
