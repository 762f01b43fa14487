import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type Agent,
  type AnswerClass,
  type AuthError,
  type Decision,
  ForbiddenError,
  InsufficientScopeError,
  InsufficientUserAuthenticationError,
  InvalidDpopProofError,
  InvalidRequestError,
  InvalidTokenError,
  MissingTokenError,
  TooManyRequestsError,
  UnavailableError,
  UseDpopNonceError,
  type Verifier,
  type VerifierOptions,
} from '@gatehouse/core';

/**
 * The API that every adapter builds in its framework's own idiom, so that the contract suite can compare bytes. The
 * handler behind a guard calls `onHandled` and answers `{"sub":…,"actor":…}` with the field `x-handled: yes`.
 *
 * | route | guard | answer |
 * | --- | --- | --- |
 * | GET /open | none | `{"agent":false}` by `findAgent` |
 * | GET, POST /data | `read:data`; forms are parsed before | the handler's |
 * | any method /any | `read:data` | the handler's |
 * | GET /both | `['read:data', 'write:data']` | the handler's |
 * | GET /stacked/admin | `read:data` on the router, `admin` (action `admin.read`) on the route | the handler's |
 * | GET /v1/data | `read:data` in a mounted application | the handler's |
 * | GET /optional | optional, `read:data` | `{"sub":…,"actor":…}`, or `{"agent":false}` |
 * | GET /impostor | earlier middleware sets `agent`, then optional | the same, by what is found under `agent` |
 * | GET /owned/:id | `allow`: the id is the subject | the handler's |
 * | GET /refused/:class | `allow`: throws `createRefusal(class)` | never |
 * | GET /checked | `check()` and `writeOutcome()` in the handler, `read:data` | `{"sub":…,"actor":…}` |
 * | GET /throws | `read:data`, then the handler throws | 500 |
 * | GET /broken-rule | `allow` throws an `Error` | 500 |
 * | GET /unguarded | none, and reads `agent.sub` all the same | 500 |
 */
export interface RunningApi {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  readonly server: Server;
  close(): Promise<void>;
}

export interface ApiOptions
  extends Pick<VerifierOptions, 'resource' | 'publicUrl' | 'trustedProxies' | 'issuers' | 'dpop' | 'metadata' | 'now'> {
  readonly onDecision: (decision: Decision) => void;
}

/** An adapter joins the suite by one of these. */
export interface AdapterUnderTest {
  readonly name: string;
  /**
   * @param options for `createGatehouse`
   * @param onHandled called by each handler behind a guard, before it answers. Default: nobody asks
   */
  start(options: ApiOptions | Verifier, onHandled?: (agent: Agent) => void): Promise<RunningApi>;
}

/** What handlers say of an agent. */
export function bodyOf({ sub, actor }: Agent): { readonly sub: string; readonly actor: string } {
  return { sub, actor: actor.sub };
}

const refusals: Readonly<Record<AnswerClass, () => AuthError>> = {
  MissingTokenError: () => new MissingTokenError('ERR_TOKEN_ABSENT'),
  InvalidRequestError: () => new InvalidRequestError('ERR_AUTHORIZATION_MALFORMED'),
  InvalidTokenError: () => new InvalidTokenError('ERR_TOKEN_EXPIRED'),
  InvalidDpopProofError: () => new InvalidDpopProofError('ERR_DPOP_SIGNATURE'),
  UseDpopNonceError: () => new UseDpopNonceError('ERR_DPOP_NONCE'),
  InsufficientUserAuthenticationError: () =>
    new InsufficientUserAuthenticationError('ERR_USER_AUTHENTICATION', { acrValues: ['mfa'], maxAgeSeconds: 300 }),
  InsufficientScopeError: () => new InsufficientScopeError('ERR_SCOPE'),
  ForbiddenError: () => new ForbiddenError('ERR_ALLOW'),
  TooManyRequestsError: () => new TooManyRequestsError('ERR_HOLDER_LIMIT', 7),
  UnavailableError: () => new UnavailableError('ERR_KEYS_UNAVAILABLE', 7),
};

/** Every class of refusal, some of which no request to this API can cause. */
export const refusalClasses: readonly AnswerClass[] = Object.keys(refusals) as AnswerClass[];

/** A refusal of this class, for a rule to throw. */
export function createRefusal(answerClass: string): AuthError {
  return refusals[answerClass as AnswerClass]();
}

/** Serves an application on a free port. */
export async function serveApi(listener: RequestListener): Promise<RunningApi> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    server,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
