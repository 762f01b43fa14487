import { hash, randomUUID } from 'node:crypto';
import type { Agent, AgentDescription } from './agent/agent.ts';
import { describeAgent } from './agent/describe.ts';
import { saidOf } from './agent/verified-agent.ts';
import type { AnswerClass, AuthErrorCode } from './answers.ts';
import type { AuthError } from './errors.ts';
import { freezeDeeply } from './freeze.ts';
import type { HttpRequest } from './http/request.ts';
import type { Finding } from './introspection/introspector.ts';
import { writeTime } from './iso-time.ts';
import { createPrivateSlot } from './private-slot.ts';
import type { ParsedJws } from './token/jws.ts';

/**
 * One evaluation of one guard, as a fact at the moment it was made. `decision.schema.json` of this package describes it.
 * It holds no token, and nothing that an unknown caller wrote except `unverified` and `traceId`.
 */
export interface Decision {
  readonly version: 1;
  /** When, ISO 8601. */
  readonly time: string;
  /** The same for all guards of one request. */
  readonly requestId: string;
  /** The trace that the request belongs to, by the caller's word (W3C Trace Context `traceparent`). */
  readonly traceId?: string;
  readonly request: {
    readonly method: string;
    /** The pattern of the route, where the framework knows it. */
    readonly route?: string;
    /** The identifier of the resource. */
    readonly resource: string;
    /** `action` of the requirement. */
    readonly action?: string;
    /** What the guard required. */
    readonly scopes: readonly string[];
  };
  /** `check` is both; after `authenticate` alone, the scopes and rules of the guard have not been applied. */
  readonly step: 'authenticate' | 'authorize' | 'check';
  /** `failed`: `allow` or `renderProblem` threw, and nobody was let in. */
  readonly outcome: 'accepted' | 'anonymous' | 'refused' | 'failed';
  /** Why not. */
  readonly refusal?: { readonly class: AnswerClass; readonly code: AuthErrorCode; readonly status: number };
  /** Names of claims or scopes behind a refusal, or what `allow` gave. */
  readonly reasons: readonly string[];
  /** The policies that `allow` named. */
  readonly policies: readonly string[];
  /** The verified caller. */
  readonly agent?: AgentDescription;
  /** SHA-256 of issuer and token id, base64url: finds the same token again without naming it. Not there for tokens without an id. */
  readonly tokenHash?: string;
  /** What a token that was not verified says of itself. Anyone can write it. */
  readonly unverified?: UnverifiedToken;
  /** Which checks were answered from where, and how old the answer was. */
  readonly checks: readonly DecisionCheck[];
  readonly durationMicroseconds: number;
}

export interface UnverifiedToken {
  readonly iss?: string;
  readonly sub?: string;
  readonly client_id?: string;
  readonly kid?: string;
}

/**
 * The signature, by keys that were fetched so long ago, or because it was verified so long ago; that the token is active, by
 * an answer of its issuer to a question that was sent so long ago; that it is not revoked, by the same answer, because the
 * revocation list was behind; possession of the token's key, by a proof that was made so long ago, by the certificate of the
 * TLS connection, or by the one that a trusted proxy forwarded, neither of which has an age; or the whole authentication, by
 * an earlier guard so long ago.
 */
export type DecisionCheck =
  | { readonly check: 'signature'; readonly source: 'issuer-keys' | 'token-cache'; readonly ageSeconds: number }
  | { readonly check: 'status' | 'revocation'; readonly source: Finding['source']; readonly ageSeconds: number }
  | { readonly check: 'confirmation'; readonly source: 'dpop-proof'; readonly ageSeconds: number }
  | {
      readonly check: 'confirmation';
      readonly source: 'tls-connection' | 'client-cert-field';
      readonly ageSeconds?: undefined;
    }
  | { readonly check: 'authentication'; readonly source: 'same-request'; readonly ageSeconds: number };

/** What is known when an evaluation ends. */
export interface DecisionFacts extends Pick<Decision, 'step' | 'outcome' | 'reasons' | 'policies' | 'checks'> {
  readonly request: HttpRequest;
  readonly asked: Pick<Decision['request'], 'resource' | 'scopes'> & {
    readonly route: string | undefined;
    readonly action: string | undefined;
  };
  readonly error: AuthError | undefined;
  readonly agent: Agent | undefined;
  /** The token as parsed, verified or not. */
  readonly token: Pick<ParsedJws, 'header' | 'payload'> | undefined;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly durationMicroseconds: number;
}

type Draft = { -readonly [Name in keyof Decision]: Decision[Name] };

/** Frozen, all of it. Nearly every request makes one, so that it is written member by member: spreads took as long again. */
export function buildDecision(facts: DecisionFacts): Decision {
  const { request, asked, error, agent, token } = facts;
  const decision: Draft = {
    version: 1,
    time: writeTime(facts.at),
    requestId: requestIdOf(request),
    request: describeRequest(request, asked),
    step: facts.step,
    outcome: facts.outcome,
    reasons: copyFrozen(facts.reasons),
    policies: copyFrozen(facts.policies),
    checks: freezeFlat(facts.checks),
    durationMicroseconds: facts.durationMicroseconds,
  };
  const traceId = findTraceId(request);
  if (traceId !== undefined) decision.traceId = traceId;
  if (error !== undefined) {
    decision.refusal = Object.freeze({ class: error.class, code: error.code, status: error.status });
  }
  if (agent !== undefined) {
    const caller = describeCaller(agent);
    decision.agent = caller.agent;
    if (caller.tokenHash !== undefined) decision.tokenHash = caller.tokenHash;
  } else if (token !== undefined) {
    decision.unverified = Object.freeze(describeUnverified(token));
  }
  return Object.freeze(decision);
}

function describeRequest({ method }: HttpRequest, { resource, scopes, route, action }: DecisionFacts['asked']) {
  const described: { -readonly [Name in keyof Decision['request']]: Decision['request'][Name] } = {
    method,
    resource,
    scopes: freezeDeeply(scopes),
  };
  if (route !== undefined) described.route = route;
  if (action !== undefined) described.action = action;
  return Object.freeze(described);
}

/** What an application gave stays its own. */
function copyFrozen(texts: readonly string[]): readonly string[] {
  return Object.isFrozen(texts) ? texts : Object.freeze([...texts]);
}

function freezeFlat(checks: readonly DecisionCheck[]): readonly DecisionCheck[] {
  for (const check of checks) Object.freeze(check);
  return Object.freeze(checks);
}

const requestIds = createPrivateSlot<{ readonly id: string }>();

/** The same for every verifier of this process. */
function requestIdOf(request: HttpRequest): string {
  const known = requestIds.get(request);
  if (known !== undefined) return known.id;
  const id = randomUUID();
  requestIds.set(request, { id });
  return id;
}

type Caller = Pick<Decision, 'tokenHash'> & Required<Pick<Decision, 'agent'>>;

/** The same for all agents of one token. */
const callers = new WeakMap<object, Caller>();

function describeCaller(agent: Agent): Caller {
  const said = saidOf(agent);
  const known = callers.get(said);
  if (known !== undefined) return known;
  const caller: Caller = freezeDeeply({ agent: describeAgent(agent), ...hashToken(agent) });
  callers.set(said, caller);
  return caller;
}

function findTraceId(request: HttpRequest): string | undefined {
  const [traceparent, ...others] = request.headers['traceparent'] ?? [];
  if (traceparent === undefined || others.length > 0) return undefined;
  // Version 00 ends behind the flags, ff does not exist, and neither id is all zeros (W3C Trace Context §3.2.2).
  const grammar = /^(?!ff|00-.{52}-)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-|$)/;
  return grammar.exec(traceparent)?.[1];
}

function hashToken({ iss, tokenId }: Agent): Pick<Decision, 'tokenHash'> {
  return tokenId === undefined ? {} : { tokenHash: hash('sha256', JSON.stringify([iss, tokenId]), 'base64url') };
}

function describeUnverified({ header, payload }: NonNullable<DecisionFacts['token']>): UnverifiedToken {
  const entries = Object.entries({
    iss: payload['iss'],
    sub: payload['sub'],
    client_id: payload['client_id'],
    kid: header['kid'],
  });
  return Object.fromEntries(
    entries.flatMap(([name, value]) => (typeof value === 'string' ? [[name, makeHarmless(value)]] : [])),
  );
}

/** Short, and without the characters that could end a log line or drive a terminal. */
function makeHarmless(text: string): string {
  return text.slice(0, 128).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, '?');
}
