import { freezeDeeply } from '../freeze.ts';
import type { AccessTokenClaims } from '../token/claims.ts';
import { type ActClaim, type Actor, listActors, parseAct } from './act.ts';
import type { Agent, AgentDescription, Confirmation } from './agent.ts';
import { describeAgent } from './describe.ts';

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
  readonly tokenId: string | undefined;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly #issuedAtSeconds: number;
  readonly #expiresAtSeconds: number;

  constructor(claims: AccessTokenClaims, act: ActClaim | undefined) {
    const { iss, sub, clientId } = claims;
    const [actor, ...priorActors] = listActors(act, iss);
    this.sub = sub;
    this.iss = iss;
    this.subjectType = claims.subjectType;
    this.clientId = clientId;
    this.actor = actor ?? { iss, sub: clientId, source: 'client' };
    this.act = act;
    this.priorActors = priorActors;
    this.scopes = new FrozenSet(claims.scopes);
    this.confirmation =
      claims.confirmation === undefined ? { method: 'none' } : { method: 'dpop', jkt: claims.confirmation.jkt };
    this.tokenId = claims.tokenId;
    this.claims = claims.all;
    this.#issuedAtSeconds = claims.issuedAtSeconds;
    this.#expiresAtSeconds = claims.expiresAtSeconds;
    freezeDeeply(this);
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
 * The agent behind claims that have been checked.
 *
 * @throws InvalidTokenError when `act` is malformed or names more than `maxActors`
 */
export function createAgent(claims: AccessTokenClaims, maxActors: number): Agent {
  return new VerifiedAgent(claims, parseAct(claims.all['act'], maxActors));
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
