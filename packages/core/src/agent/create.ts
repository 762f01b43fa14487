import { freezeDeeply } from '../freeze.ts';
import type { AccessTokenClaims, TaskContext } from '../token/claims.ts';
import type { KeyConfirmation } from '../token/confirmation.ts';
import { type ActClaim, type Actor, listActors, parseAct } from './act.ts';
import type { Agent, AgentDescription, Confirmation } from './agent.ts';
import { describeAgent } from './describe.ts';

/** What every agent of one token has in common: all of it frozen. */
type AgentParts = Omit<Agent, 'issuedAt' | 'expiresAt' | 'toJSON'>;

class VerifiedAgent implements Agent {
  readonly sub: string;
  readonly iss: string;
  readonly subjectType: 'user' | 'client';
  readonly clientId: string;
  readonly actor: Actor;
  readonly act: ActClaim | undefined;
  readonly priorActors: readonly Actor[];
  readonly scopes: ReadonlySet<string>;
  readonly confirmation: Confirmation;
  readonly session: string | undefined;
  readonly task: TaskContext;
  readonly tokenId: string | undefined;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly #issuedAtSeconds: number;
  readonly #expiresAtSeconds: number;

  constructor(parts: AgentParts, { issuedAtSeconds, expiresAtSeconds }: AccessTokenClaims) {
    this.sub = parts.sub;
    this.iss = parts.iss;
    this.subjectType = parts.subjectType;
    this.clientId = parts.clientId;
    this.actor = parts.actor;
    this.act = parts.act;
    this.priorActors = parts.priorActors;
    this.scopes = parts.scopes;
    this.confirmation = parts.confirmation;
    this.session = parts.session;
    this.task = parts.task;
    this.tokenId = parts.tokenId;
    this.claims = parts.claims;
    this.#issuedAtSeconds = issuedAtSeconds;
    this.#expiresAtSeconds = expiresAtSeconds;
    Object.freeze(this);
  }

  // A Date cannot be frozen: every reader gets its own.
  get issuedAt(): Date {
    return new Date(this.#issuedAtSeconds * 1000);
  }

  get expiresAt(): Date {
    return new Date(this.#expiresAtSeconds * 1000);
  }

  toJSON(): AgentDescription {
    return describeAgent(this);
  }

  [Symbol.for('nodejs.util.inspect.custom')](): AgentDescription {
    return describeAgent(this);
  }
}

/**
 * Makes the agents behind claims that have been checked: one for each request, because what it proves is about its request.
 * What is frozen once for all of them is most of the work.
 *
 * @throws InvalidTokenError when `act` is malformed or names more than `maxActors`
 */
export function createAgentMaker(claims: AccessTokenClaims, maxActors: number): () => Agent {
  const { iss, sub, subjectType, clientId, session, task, tokenId } = claims;
  const act = parseAct(claims.all['act'], maxActors);
  const [actor = { iss, sub: clientId, source: 'client' as const }, ...priorActors] = listActors(act, iss);
  const parts: AgentParts = freezeDeeply({
    sub,
    iss,
    subjectType,
    clientId,
    actor,
    act,
    priorActors,
    scopes: new FrozenSet(claims.scopes),
    confirmation: nameConfirmation(claims.confirmation),
    session,
    task,
    tokenId,
    claims: claims.all,
  });
  return () => new VerifiedAgent(parts, claims);
}

function nameConfirmation({ jkt, certificateThumbprint: thumbprint }: Partial<KeyConfirmation> = {}): Confirmation {
  if (thumbprint === undefined) return jkt === undefined ? { method: 'none' } : { method: 'dpop', jkt };
  return jkt === undefined ? { method: 'mtls', thumbprint } : { method: 'dpop+mtls', jkt, thumbprint };
}

/** `Object.freeze` does not reach what a Set holds. */
class FrozenSet extends Set<string> {
  constructor(values: readonly string[]) {
    super();
    for (const value of values) super.add(value);
  }

  override add(): never {
    throw new TypeError('The scopes of an agent cannot be changed.');
  }

  override delete(): never {
    throw new TypeError('The scopes of an agent cannot be changed.');
  }

  override clear(): never {
    throw new TypeError('The scopes of an agent cannot be changed.');
  }
}
