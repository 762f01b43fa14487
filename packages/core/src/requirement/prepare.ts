import { ConfigurationError, type ConfigurationIssue } from '../errors.ts';
import { mergeRequirements } from './merge.ts';
import { parseRequirement, type Requirement, type RequirementInput } from './requirement.ts';

/** Turns what a guard was given into the requirement that is enforced. */
export interface PrepareRequirement<Context> {
  (): Requirement<Context>;
  (requirement: RequirementInput<Context>): Requirement<Context>;
}

/** What would make a requirement impossible to meet, whatever a caller brings; undefined where nothing does. */
export type FindImpossibility = (requirement: Requirement<never>) => ConfigurationIssue | undefined;

/**
 * Merges requirements with a baseline. Nothing given is the baseline; an explicit `undefined` is a mistake, because a
 * setting that is missing must not open a route. What it returned once is returned as it is.
 */
export function createPreparer<Context>(
  baseline: Requirement<Context>,
  findImpossibility: FindImpossibility = () => undefined,
): PrepareRequirement<Context> {
  const prepared = new WeakSet<object>([baseline]);
  return (...input: readonly RequirementInput<Context>[]) => {
    if (input.length === 0) return baseline;
    if (input.length > 1) {
      const message = 'takes one requirement: put several scopes into one list, and call it where you make the guard';
      throw new ConfigurationError('requirement', [{ path: '', message }]);
    }
    const [candidate] = input;
    if (isPrepared(candidate)) return candidate;
    const requirement = mergeRequirements(baseline, parseRequirement(candidate));
    const impossibility = findImpossibility(requirement);
    if (impossibility !== undefined) throw new ConfigurationError('requirement', [impossibility]);
    prepared.add(requirement);
    return requirement;
  };

  function isPrepared(candidate: RequirementInput<Context> | undefined): candidate is Requirement<Context> {
    return typeof candidate === 'object' && prepared.has(candidate);
  }
}
