import type { Agent, Endpoint, Outcome, RequirementInput, Verifier, VerifierOptions } from '@gatehouse/core';
import { createVerifier } from '@gatehouse/core';
import { fromIncomingMessage, serveEndpoint, writeHeaders, writeResponse } from '@gatehouse/core/node';
import type { Request, RequestHandler } from 'express';

export type {
  ActClaim,
  Actor,
  Agent,
  AgentDescription,
  AuthErrorCode,
  Decision,
  IssuerOptions,
  Outcome,
  Problem,
  Requirement,
  RequirementInput,
  Verdict,
  Verifier,
  VerifierOptions,
} from '@gatehouse/core';
export { AuthError, ConfigurationError, describeAgent, principalKey } from '@gatehouse/core';

declare global {
  namespace Express {
    interface Request {
      /** The verified caller, behind `requireAgent`. Where no guard has run it is absent: see `findAgent`. */
      agent: Agent;
    }
  }
}

/** Nothing, or a requirement: `undefined` is neither, so that a setting that is missing does not open a route. */
type RequirementArgument = readonly [] | readonly [requirement: RequirementInput<Request>];

/** The guards of one API. */
export interface Gatehouse {
  /**
   * Lets only requests with an agent pass. No argument: any valid token. A scope, several (all needed), or a requirement.
   *
   * @throws ConfigurationError at once when the requirement cannot be used
   */
  requireAgent(...requirement: RequirementArgument): RequestHandler;
  /** As `requireAgent`, but requests without an `Authorization` field pass without an agent. A bad token never does. */
  optionalAgent(...requirement: RequirementArgument): RequestHandler;
  /** Serves `/.well-known/oauth-protected-resource` (RFC 9728). Mount it at the root, above the guards. */
  resourceMetadata(): RequestHandler;
  /** Serves any endpoint of Gatehouse. */
  serve(endpoint: Endpoint): RequestHandler;
  /** The same decision without the middleware, for decorators and resolvers. */
  check(request: Request, ...requirement: RequirementArgument): Promise<Outcome>;
  readonly verifier: Verifier<Request>;
}

const agents = new WeakMap<Request, Agent>();

/** The agent of this request, or undefined where no guard found one. */
export function findAgent(request: Request): Agent | undefined {
  return agents.get(request);
}

/** @throws ConfigurationError with every problem of the options */
export function createGatehouse(options: VerifierOptions<Request> | Verifier<Request>): Gatehouse {
  const verifier = 'check' in options ? options : createVerifier(options);

  function guard(mode: 'require' | 'optional', input: RequirementArgument): RequestHandler {
    const requirement = verifier.prepare(...input);
    return async (req, res, next) => {
      const outcome = await verifier.check(fromIncomingMessage(req, req.originalUrl), {
        requirement,
        context: req,
        mode,
        route: routeOf(req),
      });
      if (outcome.outcome === 'refused') return writeResponse(res, outcome.response);
      writeHeaders(res, outcome.headers);
      if (outcome.outcome === 'accepted') {
        agents.set(req, outcome.agent);
        req.agent = outcome.agent;
      }
      next();
    };
  }

  function serve(endpoint: Endpoint): RequestHandler {
    return async (req, res, next) => {
      if (!(await serveEndpoint(endpoint, req, res, req.originalUrl))) next();
    };
  }

  return {
    requireAgent: (...requirement) => guard('require', requirement),
    optionalAgent: (...requirement) => guard('optional', requirement),
    resourceMetadata: () => serve(verifier.metadata),
    serve,
    check: async (req, ...requirement) =>
      verifier.check(fromIncomingMessage(req, req.originalUrl), {
        requirement: verifier.prepare(...requirement),
        context: req,
        route: routeOf(req),
      }),
    verifier,
  };
}

/** The pattern under which Express matched, as far as it knows one yet. */
function routeOf(req: Request): string | undefined {
  const path: unknown = req.route?.path;
  return typeof path === 'string' ? req.baseUrl + path : undefined;
}
