import type { Agent, AgentDescription } from './agent.ts';

/** The description of an agent, for a log line. */
export function describeAgent(agent: Agent): AgentDescription {
  return {
    iss: agent.iss,
    sub: agent.sub,
    subjectType: agent.subjectType,
    clientId: agent.clientId,
    actor: agent.actor,
    priorActors: agent.priorActors,
    scopes: [...agent.scopes],
    confirmation: agent.confirmation.method,
    ...(agent.session === undefined ? {} : { session: agent.session }),
    ...(Object.keys(agent.task).length === 0 ? {} : { task: agent.task }),
  };
}

/**
 * One string for issuer, subject, client and current actor, different for every different four: a key for rate limits,
 * idempotency and ownership. Prior actors do not count.
 */
export function principalKey(agent: Agent): string {
  return JSON.stringify([agent.iss, agent.sub, agent.clientId, agent.actor.iss, agent.actor.sub, agent.actor.source]);
}
