import { freezeDeeply } from '../freeze.ts';
import type { AccessTokenClaims } from '../token/claims.ts';
import type { KeyConfirmation } from '../token/confirmation.ts';
import { listActors, parseAct } from './act.ts';
import type { Agent, Confirmation } from './agent.ts';
import { type AgentParts, buildAgent } from './verified-agent.ts';

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
  return () => buildAgent(parts, claims);
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
