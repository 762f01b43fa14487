import type { Agent } from './agent/agent.ts';
import { ForbiddenError, InsufficientScopeError, InvalidTokenError } from './errors.ts';
import type { Trail } from './evaluation.ts';
import type { Ready } from './ready.ts';
import type { Requirement } from './requirement/requirement.ts';
import { createMissingScopeFinder, type ScopeHierarchy } from './requirement/scopes.ts';
import { satisfies } from './requirement/sender-constraint.ts';
import { readVerdict } from './requirement/verdict.ts';

/**
 * Whether an agent that has proven who it is may do what a requirement is about: by how it proved it, by its scopes, and by
 * the rule of the application, in this order.
 *
 * @throws AuthError, or what the rule throws
 */
export type Authorize<Context> = (
  agent: Agent,
  requirement: Requirement<Context>,
  context: Context,
  trail: Trail,
) => Ready<Agent>;

export function createAuthorizer<Context>(hierarchy: ScopeHierarchy): Authorize<Context> {
  const findMissingScopes = createMissingScopeFinder(hierarchy);

  return (agent, { scopes, senderConstraint = 'when-bound', allow }, context, trail) => {
    if (!satisfies(agent.confirmation.method, senderConstraint)) {
      throw new InvalidTokenError('ERR_TOKEN_SENDER_CONSTRAINT');
    }
    const missing = scopes === undefined ? [] : findMissingScopes(scopes, agent.scopes);
    if (missing.length > 0) throw new InsufficientScopeError('ERR_SCOPE', { reasons: missing });
    return allow === undefined ? agent : ask(allow, agent, context, trail);
  };
}

async function ask<Context>(
  allow: NonNullable<Requirement<Context>['allow']>,
  agent: Agent,
  context: Context,
  trail: Trail,
): Promise<Agent> {
  const verdict = readVerdict(await allow(agent, context));
  trail.reasons = verdict.reasons;
  trail.policies = verdict.policies;
  if (!verdict.allow) throw new ForbiddenError('ERR_ALLOW', { reasons: verdict.reasons });
  return agent;
}
