import type { AccessTokenClaims, TaskContext } from '../token/claims.ts';
import type { ActClaim, Actor } from './act.ts';
import type { Agent, AgentDescription, Confirmation } from './agent.ts';
import { describeAgent } from './describe.ts';

let setRecord: (agent: Agent, keeper: object, record: object) => void;
let getRecord: (agent: object, keeper: object) => object | undefined;

/** What the token of an agent says: the same object for all of its agents. Of other objects, the object. */
export let saidOf: (agent: Agent) => object;

/**
 * What a verifier keeps with its agents, one record for each, in private members of the agent. No other object has them or
 * can be given them: not a copy, not a proxy, not one of the same prototype. So what has a record here is an agent that this
 * verifier made. A `WeakMap` says the same, for half of what the hash of the token costs.
 */
export class AgentRecords<Kept extends object> {
  /** For agents that `buildAgent` has built: others have no place for it. */
  set(agent: Agent, record: Kept): void {
    setRecord(agent, this, record);
  }

  /** Undefined for whatever was not set here. */
  get(agent: unknown): Kept | undefined {
    return typeof agent === 'object' && agent !== null ? (getRecord(agent, this) as Kept | undefined) : undefined;
  }
}

/** What every agent of one token has in common: all of it frozen. */
export type AgentParts = Omit<Agent, 'issuedAt' | 'expiresAt' | 'toJSON'>;

type AgentTimes = Pick<AccessTokenClaims, 'issuedAtSeconds' | 'expiresAtSeconds'>;

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
  readonly #said: AgentParts;
  #keeper: object | undefined;
  #record: object | undefined;

  constructor(parts: AgentParts, { issuedAtSeconds, expiresAtSeconds }: AgentTimes) {
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
    this.#said = parts;
    this.#issuedAtSeconds = issuedAtSeconds;
    this.#expiresAtSeconds = expiresAtSeconds;
    Object.freeze(this);
  }

  static {
    setRecord = (agent, keeper, record) => {
      if (!(#record in agent)) throw new TypeError('The agent was not made here.');
      agent.#keeper = keeper;
      agent.#record = record;
    };
    saidOf = (agent) => (#said in agent ? agent.#said : agent);
    getRecord = (agent, keeper) => (#record in agent && agent.#keeper === keeper ? agent.#record : undefined);
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

export function buildAgent(parts: AgentParts, times: AgentTimes): Agent {
  return new VerifiedAgent(parts, times);
}
