import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type {
  Agent,
  CheckOutcome,
  Endpoint,
  HeaderLists,
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
import { fromIncomingMessage, hasLeft, readBody } from '@gatehouse/core/node';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';

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

declare module 'fastify' {
  interface FastifyRequest {
    /** The verified caller, behind `requireAgent`. Where no guard has run it is absent: see `findAgent`. */
    agent: Agent;
  }
}

/** What `allow` is given. Nothing is validated yet: parameters of the path are text, whatever a schema says of them. */
export type GuardedRequest = FastifyRequest<{ Params: Readonly<Record<string, string | undefined>> }>;

/** A request of any route, type provider and server. */
export interface AnyRequest {
  readonly raw: IncomingMessage | Http2ServerRequest;
  readonly routeOptions: { readonly url?: string | undefined };
}

/** A reply of any route and server. */
export interface AnyReply {
  readonly raw: ServerResponse | Http2ServerResponse;
}

/** A hook for `onRequest`, of a route or of a whole scope, which leaves the types of routes as they are. */
export type AgentGuard = (request: AnyRequest, reply: AnyReply, done: (error?: Error) => void) => void;

/** What `register` takes. It works in the scope that registers it, and in those below. */
export type GatehousePlugin = (
  app: Pick<FastifyInstance, 'prefix'>,
  options: Readonly<Record<string, unknown>>,
) => Promise<void>;

/** The guards of one API. */
export interface Gatehouse extends Guards<GuardedRequest, AgentGuard, GatehousePlugin> {
  /**
   * Declares `request.agent`: guards work where this is registered, and below. A verifier that was made of options is
   * closed with the application; one that was handed in is left alone.
   */
  readonly plugin: GatehousePlugin;
  /** As for any framework, and for requests of any type. */
  check(request: AnyRequest): Promise<CheckOutcome>;
  check(request: AnyRequest, requirement: RequirementInput<GuardedRequest>): Promise<CheckOutcome>;
}

/** The agent of this request, or undefined where no guard found one. */
export function findAgent(request: Pick<AnyRequest, 'raw'>): Agent | undefined {
  return findAgentOf(requestOf(request));
}

/**
 * Sends what an outcome of `check` says: the whole answer of a refusal, else nothing yet but the fields that go beside
 * your own. Gives the reply, for handlers that return it.
 */
export function writeOutcome<Reply extends AnyReply>(reply: Reply, outcome: Outcome): Reply {
  const writable = reply as unknown as FastifyReply;
  if (outcome.outcome === 'refused') send(writable, outcome.response);
  else setFields(writable, outcome.headers);
  return reply;
}

/**
 * The guards of one API, for any number of scopes. Make them where you make the application.
 *
 * @param options options, or a verifier that exists already
 * @throws ConfigurationError with every problem of the options
 */
export function createGatehouse(
  options: VerifierOptions<GuardedRequest> | Verifier<GuardedRequest> | Verifier,
): Gatehouse {
  const guards = createGuards<GuardedRequest, AgentGuard, GatehousePlugin>(options, {
    requestOf,
    routeOf: ({ routeOptions }) => routeOptions.url,
    hostsOf: (request) => [request],
    guard: (decide) => (request, reply, done) => {
      goOnIf(() => letPass(decide, request as GuardedRequest, reply as FastifyReply), done);
    },
    serve,
  });
  const { verifier } = guards;
  let isClosed = false;

  const plugin = createPlugin('@gatehouse/fastify', (app) => {
    if (isClosed) throw new Error('This gatehouse was closed with another application. Create one for each of them.');
    if (!app.hasDecorator(declared)) app.decorate(declared, true).decorateRequest('agent');
    if (verifier === options) return;
    app.addHook('onClose', async () => {
      isClosed = true;
      await verifier.close();
    });
  });
  // Types of routes and servers make no difference to what is read of a request.
  return { ...guards, plugin } as Gatehouse;
}

/** On an instance: its `request.agent` is declared by us, and not by somebody else under the same name. */
const declared = Symbol('@gatehouse/fastify');

function createPlugin(name: string, register: (app: FastifyInstance) => void): GatehousePlugin {
  const plugin: GatehousePlugin = async (app) => register(app as FastifyInstance);
  return fastifyPlugin(plugin, { name, fastify: '5.x' });
}

/**
 * Serves an endpoint before the guards that its scope gets later: hooks run in the order in which they were added. The
 * route is there for the router to know the path.
 */
function serve(endpoint: Endpoint): GatehousePlugin {
  return createPlugin(`@gatehouse/fastify ${endpoint.path}`, (app) => {
    if (app.prefix !== '') throw new Error(`${endpoint.path} cannot be served below ${app.prefix}: register it above.`);
    app.addHook('onRequest', (request, reply, done) => {
      // Nearly every request is for something else. A target may begin with an origin.
      if (request.originalUrl.includes(endpoint.path)) goOnIf(() => isElsewhere(endpoint, request, reply), done);
      else done();
    });
    app.all(patternOf(endpoint), (_request, reply) => reply.callNotFound());
  });
}

/** The router has marks of its own, and compares paths decoded: this matches the path, and perhaps others. */
function patternOf({ path }: Endpoint): string {
  return path.replaceAll(':', '::').replace(/[%*].*$/, '*');
}

async function isElsewhere(endpoint: Endpoint, request: FastifyRequest, reply: FastifyReply): Promise<boolean> {
  const answer = await answerEndpoint(endpoint, requestOf(request), {
    readBody: (maxBytes) => readBody(messageOf(request), maxBytes),
    context: request,
  });
  if (answer !== undefined) send(reply, answer);
  return answer === undefined;
}

function letPass(
  decide: (request: GuardedRequest) => Outcome | Promise<Outcome>,
  request: GuardedRequest,
  reply: FastifyReply,
): boolean | Promise<boolean> {
  if (!request.server.hasDecorator(declared)) {
    throw new Error('Register the plugin of your gatehouse in the scope of its guards, or in one above.');
  }
  return whenReady(decide(request), (outcome) => {
    writeOutcome(reply, outcome);
    return outcome.outcome !== 'refused' && !hasLeft(messageOf(request));
  });
}

/**
 * Ends a hook, which must be one with a callback: behind a hook that returns a promise, Fastify goes on as soon as the
 * connection is closed, so that a caller who leaves while a refusal is being written would reach the handler.
 */
function goOnIf(steps: () => boolean | Promise<boolean>, done: (error?: Error) => void): void {
  const passes = runGuard(steps);
  if (typeof passes !== 'boolean') {
    passes.then((yes) => {
      if (yes) done();
    }, done);
  } else if (passes) done();
}

/** Sends an answer as it stands, by way of the hooks and the log of Fastify. */
function send(reply: FastifyReply, { status, headers, body }: HttpResponse): void {
  // Somebody else has answered meanwhile, such as the time limit of the route.
  if (reply.sent || reply.raw.headersSent) return;
  setFields(reply.code(status), headers);
  // To a string Fastify would add a charset.
  reply.send(body === undefined ? undefined : Buffer.from(body));
}

/** Every line of a field at once: setting a field again replaces it. */
function setFields(reply: FastifyReply, headers: HeaderLists): void {
  for (const [name, values] of Object.entries(headers)) reply.header(name, values.length > 1 ? [...values] : values[0]);
}

function requestOf(request: Pick<AnyRequest, 'raw'>): HttpRequest {
  return fromIncomingMessage(messageOf(request));
}

/** A request of HTTP/2 has everything that is read of it. */
function messageOf({ raw }: Pick<AnyRequest, 'raw'>): IncomingMessage {
  return raw as IncomingMessage;
}
