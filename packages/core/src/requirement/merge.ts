import { ConfigurationError } from '../errors.ts';
import { freezeDeeply } from '../freeze.ts';
import type { Requirement } from './requirement.ts';
import { findStricter } from './sender-constraint.ts';
import { readVerdict } from './verdict.ts';

/**
 * Both requirements at once, which is never weaker than either: scopes unite, the stricter binding
 * and the younger status hold, every `allow` must agree.
 *
 * @throws ConfigurationError when they name different actions
 */
export function mergeRequirements<Context>(
  base: Requirement<Context>,
  added: Requirement<Context>,
): Requirement<Context> {
  const action = added.action ?? base.action;
  if (base.action !== undefined && action !== base.action) {
    const message = 'contradicts the action of the baseline requirement';
    throw new ConfigurationError('requirement', [{ path: 'action', message }]);
  }
  const scopes = [...new Set([...(base.scopes ?? []), ...(added.scopes ?? [])])];
  const senderConstraint = findStricter(base.senderConstraint, added.senderConstraint);
  const maxStatusAgeSeconds = Math.min(
    base.maxStatusAgeSeconds ?? Number.POSITIVE_INFINITY,
    added.maxStatusAgeSeconds ?? Number.POSITIVE_INFINITY,
  );
  const allow = base.allow && added.allow ? everyAllow(base.allow, added.allow) : (added.allow ?? base.allow);
  return freezeDeeply({
    ...(scopes.length === 0 ? {} : { scopes }),
    ...(action === undefined ? {} : { action }),
    ...(senderConstraint === undefined ? {} : { senderConstraint }),
    ...(Number.isFinite(maxStatusAgeSeconds) ? { maxStatusAgeSeconds } : {}),
    ...(allow === undefined ? {} : { allow }),
  });
}

type Allow<Context> = NonNullable<Requirement<Context>['allow']>;

function everyAllow<Context>(first: Allow<Context>, second: Allow<Context>): Allow<Context> {
  return async (agent, context) => {
    const one = readVerdict(await first(agent, context));
    if (!one.allow) return one;
    const other = readVerdict(await second(agent, context));
    return {
      allow: other.allow,
      reasons: [...one.reasons, ...other.reasons],
      policies: [...one.policies, ...other.policies],
    };
  };
}
