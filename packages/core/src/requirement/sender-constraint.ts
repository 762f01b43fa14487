import type { Confirmation } from '../agent/agent.ts';

/**
 * How a caller has to prove that the token is its own, from the mildest to the strictest: whatever the token itself
 * demands; any proof; a DPoP proof (RFC 9449).
 */
export const senderConstraints = ['when-bound', 'required', 'dpop'] as const;

export type SenderConstraint = (typeof senderConstraints)[number];

/** The ways to confirm a token that satisfy each constraint. */
const satisfying: Readonly<Record<SenderConstraint, readonly Confirmation['method'][]>> = {
  'when-bound': ['none', 'dpop'],
  required: ['dpop'],
  dpop: ['dpop'],
};

export function satisfies(method: Confirmation['method'], constraint: SenderConstraint): boolean {
  return satisfying[constraint].includes(method);
}

/** What is wrong with a requirement that asks for proofs where none are verified. */
export const proofDemand = "can be met by nobody while the option dpop is 'off'";

/** False where a requirement asks for a proof. */
export function isMetByBearer(requirement: { readonly senderConstraint?: SenderConstraint } | undefined): boolean {
  return satisfies('none', requirement?.senderConstraint ?? 'when-bound');
}

/** The stricter of both; undefined where nobody asks for any. */
export function findStricter(
  one: SenderConstraint | undefined,
  other: SenderConstraint | undefined,
): SenderConstraint | undefined {
  return [one, other].reduce((strictest, next) => (strictnessOf(next) > strictnessOf(strictest) ? next : strictest));
}

function strictnessOf(constraint: SenderConstraint | undefined): number {
  return constraint === undefined ? -1 : senderConstraints.indexOf(constraint);
}
