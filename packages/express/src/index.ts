import type { IncomingMessage } from 'node:http';
import {
  type Agent,
  createVerifier,
  type Endpoint,
  type Outcome,
  type Requirement,
  type RequirementInput,
  type Verifier,
  type VerifierOptions,
} from '@gatehouse/core';
import { fromIncomingMessage, serveEndpoint, writeHeaders, writeResponse } from '@gatehouse/core/node';
import type { NextFunction, Request, RequestHandler, Response } from 'express';

export type {
  ActClaim,
  Actor,
  Agent,
  AgentDescription,
  AuthErrorCode,
  ClaimMapping,
  Decision,
  Dialect,
  Endpoint,
  IssuerOptions,
  JsonWebKeySet,
  JwsAlgorithm,
  KeyOptions,
  LimitOptions,
  MetadataOptions,
  Outcome,
  Problem,
  RenderProblem,
  Requirement,
  RequirementInput,
  ScopeHierarchy,
  Verdict,
  Verifier,
  VerifierOptions,
} from '@gatehouse/core';
export {
  AuthError,
  ConfigurationError,
  createVerifier,
  describeAgent,
  ForbiddenError,
  InsufficientScopeError,
  InvalidRequestError,
  InvalidTokenError,
  MissingTokenError,
  principalKey,
  UnavailableError,
} from '@gatehouse/core';

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
) => Promise<void>;

/** The guards of one API. */
export interface Gatehouse {
  /** Lets only requests with a valid token pass: the baseline of the options, or any. */
  requireAgent(): AgentGuard;
  /**
   * Lets only requests pass whose token satisfies a scope, several (all needed), or a requirement.
   *
   * @throws ConfigurationError at once when the requirement cannot be used
   */
  requireAgent(requirement: RequirementInput<Request>): AgentGuard;
  /** As `requireAgent`, but requests without an `Authorization` field pass without an agent. A bad token never does. */
  optionalAgent(): AgentGuard;
  optionalAgent(requirement: RequirementInput<Request>): AgentGuard;
  /** Serves `/.well-known/oauth-protected-resource` (RFC 9728). Mount it at the root, above the guards. */
  resourceMetadata(): RequestHandler;
  /** Serves any endpoint of Gatehouse. */
  serve(endpoint: Endpoint): RequestHandler;
  /** The same decision without the middleware, for decorators and resolvers. Nothing is written. */
  check<Params, Body, Json, Query>(req: Request<Params, Body, Json, Query>): Promise<Outcome>;
  check<Params, Body, Json, Query>(
    req: Request<Params, Body, Json, Query>,
    requirement: RequirementInput<Request>,
  ): Promise<Outcome>;
  readonly verifier: Verifier<Request>;
}

const agents = new WeakMap<IncomingMessage, Agent>();

/** The agent of this request, or undefined where no guard found one. */
export function findAgent(req: IncomingMessage): Agent | undefined {
  return agents.get(req);
}

/**
 * The guards of one API, for any number of applications and routers. Make them once.
 *
 * @param options options, or a verifier that exists already
 * @throws ConfigurationError with every problem of the options
 */
export function createGatehouse(options: VerifierOptions<Request> | Verifier<Request> | Verifier): Gatehouse {
  // A verifier whose rules ask for no context takes any.
  const verifier: Verifier<Request> = isVerifier(options) ? (options as Verifier<Request>) : createVerifier(options);

  function decide(req: Request, requirement: Requirement<Request>, mode: 'require' | 'optional'): Promise<Outcome> {
    return verifier.check(fromIncomingMessage(req), { requirement, context: req, mode, route: routeOf(req) });
  }

  function guard(mode: 'require' | 'optional', input: readonly RequirementInput<Request>[]): AgentGuard {
    const requirement = prepare(input);
    return async (typed, res, next) => {
      const req = typed as unknown as Request;
      const outcome = await decide(req, requirement, mode);
      if (outcome.outcome === 'refused') return writeResponse(res, outcome.response);
      writeHeaders(res, outcome.headers);
      if (outcome.outcome === 'accepted') {
        agents.set(req, outcome.agent);
        req.agent = outcome.agent;
      } else {
        // Nobody is anonymous under the name that something else has put there.
        Reflect.deleteProperty(req, 'agent');
      }
      next();
    };
  }

  /** Passes on as many arguments as there were: an explicit `undefined` is not the same as nothing. */
  function prepare(input: readonly RequirementInput<Request>[]): Requirement<Request> {
    return verifier.prepare(...(input as [RequirementInput<Request>]));
  }

  function serve(endpoint: Endpoint): RequestHandler {
    return async (req, res, next) => {
      if (!(await serveEndpoint(endpoint, req, res))) next();
    };
  }

  return {
    requireAgent: (...input: readonly RequirementInput<Request>[]) => guard('require', input),
    optionalAgent: (...input: readonly RequirementInput<Request>[]) => guard('optional', input),
    resourceMetadata(...input: readonly unknown[]) {
      // Handed over uncalled it would be given the request, answer nothing and let it hang.
      if (input.length > 0) throw new TypeError('Call resourceMetadata() where you mount it.');
      return serve(verifier.metadata);
    },
    serve,
    check: async (req: unknown, ...input: readonly RequirementInput<Request>[]) =>
      decide(req as Request, prepare(input), 'require'),
    verifier,
  };
}

function isVerifier(options: unknown): options is Verifier<Request> | Verifier {
  return typeof options === 'object' && options !== null && 'check' in options;
}

/** The pattern under which Express matched, as far as it knows one yet. */
function routeOf(req: Request): string | undefined {
  const path: unknown = req.route?.path;
  return typeof path === 'string' ? req.baseUrl + path : undefined;
}
