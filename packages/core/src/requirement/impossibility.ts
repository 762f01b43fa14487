import type { FindImpossibility } from './prepare.ts';
import { statusDemand } from './requirement.ts';
import { proofDemand, takesBearerScheme } from './sender-constraint.ts';

/** Finds requirements that nobody can meet at a verifier, whatever a caller brings. */
export function createImpossibilityFinder(verifier: {
  readonly verifiesProofs: boolean;
  /** Whether an issuer can be asked about a token. */
  readonly canAsk: boolean;
}): FindImpossibility {
  return (requirement) => {
    if (requirement.maxStatusAgeSeconds !== undefined && !verifier.canAsk) {
      return { path: 'maxStatusAgeSeconds', message: statusDemand };
    }
    if (!verifier.verifiesProofs && !takesBearerScheme(requirement)) {
      return { path: 'senderConstraint', message: proofDemand };
    }
    return undefined;
  };
}
