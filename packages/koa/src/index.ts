import type {
  Agent,
  HttpRequest,
  HttpResponse,
  Outcome,
  RequirementInput,
  Verifier,
  VerifierOptions,
} from '@gatehouse/core';
import {
  answerEndpoint,
  createGuards,
  findAgent as findAgentOf,
  type Guards,
  runGuard,
  whenReady,
} from '@gatehouse/core/adapter';
import { fromIncomingMessage, hasLeft, readBody, writeHeaders } from '@gatehouse/core/node';
import type { DefaultContext, DefaultState, ExtendableContext, Next, ParameterizedContext } from 'koa';

export type {
  ActClaim,
  Actor,
  Agent,
  AgentDescription,
  AuthErrorCode,
  CheckOutcome,
  ClaimMapping,
  ClientAuthentication,
  Decision,
  Dialect,
  DpopOptions,
  Endpoint,
  IntrospectionOptions,
  IssuerOptions,
  JsonWebKeySet,
  JwsAlgorithm,
  KeyOptions,
  LimitOptions,
  MetadataOptions,
  NewRevocation,
  NonceOptions,
  Outcome,
  Problem,
  RenderProblem,
  ReplayAnswer,
  ReplayStore,
  Requirement,
  RequirementInput,
  Revocation,
  RevocationEndpointOptions,
  RevocationList,
  Revocations,
  RevocationTarget,
  ScopeHierarchy,
  SenderConstraint,
  StoreOptions,
  Verdict,
  Verifier,
  VerifierOptions,
} from '@gatehouse/core';
export {
  AuthError,
  ConfigurationError,
  createRevocationEndpoint,
  createRevocationList,
  createVerifier,
  describeAgent,
  ForbiddenError,
  InsufficientScopeError,
  InvalidDpopProofError,
  InvalidRequestError,
  InvalidTokenError,
  MissingTokenError,
  principalKey,
  RevocationError,
  TooManyRequestsError,
  UnavailableError,
  UseDpopNonceError,
} from '@gatehouse/core';

/** What handlers behind a guard find on the context, and in its state. */
export interface WithAgent {
  readonly agent: Agent;
}

/** Middleware for applications and routers of any state, context and body. */
export type AnyMiddleware = <State, Context, Body>(
  ctx: ParameterizedContext<State, Context, Body>,
  next: Next,
) => Promise<void>;

/** The same, and what comes behind it in one chain or one route knows of the agent. */
export interface AgentGuard {
  <State, Context, Body>(ctx: ParameterizedContext<State, Context, Body>, next: Next): Promise<void>;
  // The last signature is the one from which Koa infers what middleware adds.
  (ctx: ParameterizedContext<WithAgent, WithAgent>, next: Next): Promise<void>;
}

/** The guards of one API. */
export interface Gatehouse<State extends object = DefaultState, Context = DefaultContext>
  extends Omit<Guards<ParameterizedContext<State, Context>, AgentGuard, AnyMiddleware>, 'optionalAgent'> {
  /** As `requireAgent`, but requests without an `Authorization` field pass without an agent. A bad token never does. */
  optionalAgent(): AnyMiddleware;
  optionalAgent(requirement: RequirementInput<ParameterizedContext<State, Context>>): AnyMiddleware;
}

/** The agent of this request, or undefined where no guard found one. */
export function findAgent(ctx: Pick<ExtendableContext, 'req' | 'originalUrl'>): Agent | undefined {
  return findAgentOf(requestOf(ctx));
}

/** Writes what an outcome of `check` says: the whole answer of a refusal, else the fields that go beside your own. */
export function writeOutcome(ctx: ExtendableContext, outcome: Outcome): void {
  if (outcome.outcome === 'refused') answer(ctx, outcome.response);
  else writeHeaders(ctx.res, outcome.headers);
}

/**
 * The guards of one API, for any number of applications and routers. Make them once. Your own types of state and context
 * are what `allow` and `check` are given.
 *
 * @param options options, or a verifier that exists already
 * @throws ConfigurationError with every problem of the options
 */
export function createGatehouse<State extends object = DefaultState, Context = DefaultContext>(
  options:
    | VerifierOptions<ParameterizedContext<State, Context>>
    | Verifier<ParameterizedContext<State, Context>>
    | Verifier,
): Gatehouse<State, Context> {
  return createGuards<ParameterizedContext<State, Context>, AgentGuard, AnyMiddleware>(options, {
    requestOf,
    routeOf,
    hostsOf: (ctx) => [ctx, ctx.state],
    guard: (decide) => async (ctx: ExtendableContext, next: Next) => {
      const passes = runGuard(() =>
        whenReady(decide(ctx as ParameterizedContext<State, Context>), (outcome) => {
          writeOutcome(ctx, outcome);
          return outcome.outcome !== 'refused' && !hasLeft(ctx.req);
        }),
      );
      // To await what is there already would take a turn of the queue of promises.
      if (typeof passes === 'boolean' ? passes : await passes) await next();
    },
    serve: (endpoint) => async (ctx, next) => {
      const response = await answerEndpoint(endpoint, requestOf(ctx), {
        readBody: (maxBytes) => readBody(ctx.req, maxBytes, (ctx.request as { readonly body?: unknown }).body),
        context: ctx,
      });
      if (response === undefined) await next();
      else answer(ctx, response);
    },
  });
}

/** Routers rewrite `url`, and Koa keeps the one that was received on its context. */
function requestOf({ req, originalUrl }: Pick<ExtendableContext, 'req' | 'originalUrl'>): HttpRequest {
  return fromIncomingMessage(req, originalUrl);
}

/** The pattern under which `@koa/router` matched, below what `koa-mount` has cut off the path. */
function routeOf(ctx: ExtendableContext & Routed): string | undefined {
  const pattern = ctx.matched?.findLast(({ methods }) => methods.includes(ctx.method))?.path;
  return typeof pattern === 'string' ? mountPathOf(ctx) + pattern : undefined;
}

/** The layers whose paths match, which `@koa/router` leaves on the context; those of `router.use` have no methods. */
interface Routed {
  readonly matched?: readonly { readonly path: string | RegExp; readonly methods: readonly string[] }[];
}

function mountPathOf({ originalUrl, path }: ExtendableContext): string {
  const [original = ''] = originalUrl.split('?', 1);
  // Where all of the path was cut off, a slash was put there.
  const rest = path === '/' && !original.endsWith('/') ? '' : path;
  return original.startsWith('/') && original.endsWith(rest) ? original.slice(0, original.length - rest.length) : '';
}

/** Koa writes the answer, so that middleware above the guard may log, measure or compress it as any other. */
function answer(ctx: ExtendableContext, { status, headers, body }: HttpResponse): void {
  if (ctx.headerSent) return;
  ctx.respond = true;
  // In this order: Koa makes `null` a text where a type of JSON was set before, and the status 204 anywhere else.
  ctx.remove('content-type');
  writeHeaders(ctx.res, headers);
  ctx.body = body ?? null;
  ctx.status = status;
}
