import type { Agent } from './agent/agent.ts';
import type { Visit } from './evaluation.ts';
import type { AccessTokenScheme } from './http/credentials.ts';
import type { HttpRequest } from './http/request.ts';
import type { CertificateSource } from './proof/mtls.ts';
import type { Ready } from './ready.ts';
import type { AccessToken } from './token/access-tokens.ts';

/**
 * What is kept as long as its request is, so that a later guard neither verifies again nor calls a proof its own replay.
 *
 * A class and no literal, as all that leads to a request is: where objects of a literal live for some collections, as those
 * of requests under way do, V8 may decide to make all of them in old space (allocation site pretenuring), and what they
 * hold stays until the next full collection. A request to Fastify took 66 µs then, and 47 without.
 */
export class AuthenticatedVisit implements Visit {
  readonly request: HttpRequest;
  scheme: Visit['scheme'] = undefined;
  token: Visit['token'] = undefined;
  passedScopes: Visit['passedScopes'] = undefined;
  needsNonce = false;
  dependsOnField = false;
  claim: Ready<Claim> | undefined = undefined;
  possession: Ready<Possession> | undefined = undefined;

  constructor(request: HttpRequest) {
    this.request = request;
  }
}

/** A good token, and an agent that has not proven yet that the token is its own. */
export class Claim {
  readonly scheme: AccessTokenScheme;
  readonly compact: string;
  readonly token: AccessToken<() => Agent>;
  readonly agent: Agent;
  /** The strictest bound by which the issuer was asked for this request, in seconds; undefined before. */
  readonly statusWithin: number | undefined;

  constructor(
    { scheme, compact }: Pick<Claim, 'scheme' | 'compact'>,
    token: Claim['token'],
    agent: Agent,
    statusWithin: number | undefined,
  ) {
    this.scheme = scheme;
    this.compact = compact;
    this.token = token;
    this.agent = agent;
    this.statusWithin = statusWithin;
  }
}

/** That an agent has proven that the token is its own; of a token that is bound to nothing, that there was nothing to prove. */
export class Possession {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Where the certificate was read; undefined where none is needed. */
  readonly certificate: CertificateSource | undefined;
  /** Undefined where no proof is needed. */
  readonly proofIssuedAtSeconds: number | undefined;

  constructor(at: number, certificate: CertificateSource | undefined, proofIssuedAtSeconds: number | undefined) {
    this.at = at;
    this.certificate = certificate;
    this.proofIssuedAtSeconds = proofIssuedAtSeconds;
  }
}

/** An agent that has proven who it is, and how that was found. */
export class Authentication {
  readonly visit: AuthenticatedVisit;
  readonly claim: Claim;
  readonly possession: Possession;

  constructor(visit: AuthenticatedVisit, claim: Claim, possession: Possession) {
    this.visit = visit;
    this.claim = claim;
    this.possession = possession;
  }
}
