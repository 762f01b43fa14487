import type { IncomingMessage } from 'node:http';
import type { Agent, CheckOutcome, RequirementInput, Verifier, VerifierOptions } from '@gatehouse/core';
import { createGuards, findAgent as findAgentOf, type Guards, runGuard, whenReady } from '@gatehouse/core/adapter';
import { fromIncomingMessage, hasLeft, serveEndpoint, writeOutcome } from '@gatehouse/core/node';
import type { NextFunction, Request, RequestHandler, Response } from 'express';

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
export { writeOutcome } from '@gatehouse/core/node';

declare global {
  namespace Express {
    interface Request {
      /** The verified caller, behind `requireAgent`. Where no guard has run it is absent: see `findAgent`. */
      agent: Agent;
    }
  }
}

/** Middleware that keeps what Express knows of a route's types: handlers behind it read their parameters from the path. */
export type AgentGuard = <Params, Body, Json, Query>(
  req: Request<Params, Body, Json, Query>,
  res: Response,
  next: NextFunction,
) => void | Promise<void>;

/** The guards of one API. */
export interface Gatehouse extends Guards<Request, AgentGuard, RequestHandler> {
  /** As for any framework, and for requests of any type. */
  check<Params, Body, Json, Query>(req: Request<Params, Body, Json, Query>): Promise<CheckOutcome>;
  check<Params, Body, Json, Query>(
    req: Request<Params, Body, Json, Query>,
    requirement: RequirementInput<Request>,
  ): Promise<CheckOutcome>;
}

/** The agent of this request, or undefined where no guard found one. */
export function findAgent(req: IncomingMessage): Agent | undefined {
  return findAgentOf(fromIncomingMessage(req));
}

/**
 * The guards of one API, for any number of applications and routers. Make them once.
 *
 * @param options options, or a verifier that exists already
 * @throws ConfigurationError with every problem of the options
 */
export function createGatehouse(options: VerifierOptions<Request> | Verifier<Request> | Verifier): Gatehouse {
  const guards = createGuards<Request, AgentGuard, RequestHandler>(options, {
    requestOf: (req) => fromIncomingMessage(req),
    routeOf,
    hostsOf: (req) => [req],
    guard: (decide) => (req, res, next) => {
      // Before the agent is set: see `fromIncomingMessage` for what it takes to read anything then.
      const { socket } = req;
      const passes = runGuard(() =>
        whenReady(decide(req as unknown as Request), (outcome) => {
          writeOutcome(res, outcome);
          return outcome.outcome !== 'refused' && !hasLeft({ socket });
        }),
      );
      return whenReady(passes, (yes) => {
        if (yes) next();
      });
    },
    serve: (endpoint) => async (req, res, next) => {
      if (!(await serveEndpoint(endpoint, req, res))) next();
    },
  });
  // The types of its parameters and its body make no difference to a request.
  return guards as Gatehouse;
}

/** The pattern under which Express matched, as far as it knows one yet. */
function routeOf(req: Request): string | undefined {
  const path: unknown = req.route?.path;
  return typeof path === 'string' ? req.baseUrl + path : undefined;
}
