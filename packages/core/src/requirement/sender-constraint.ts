import type { Confirmation } from '../agent/agent.ts';

/**
 * How a caller has to prove that the token is its own, none before a stricter one: whatever the token itself demands; any
 * proof; a DPoP proof (RFC 9449); the certificate of the client (RFC 8705); both.
 */
export const senderConstraints = ['when-bound', 'required', 'dpop', 'mtls', 'dpop+mtls'] as const;

export type SenderConstraint = (typeof senderConstraints)[number];

type Method = Confirmation['method'];

/** The ways to confirm a token that satisfy each constraint. */
const satisfying: Readonly<Record<SenderConstraint, readonly Method[]>> = {
  'when-bound': ['none', 'dpop', 'mtls', 'dpop+mtls'],
  required: ['dpop', 'mtls', 'dpop+mtls'],
  dpop: ['dpop', 'dpop+mtls'],
  mtls: ['mtls', 'dpop+mtls'],
  'dpop+mtls': ['dpop+mtls'],
};

export function satisfies(method: Method, constraint: SenderConstraint): boolean {
  return satisfying[constraint].includes(method);
}

interface Constrained {
  readonly senderConstraint?: SenderConstraint;
}

/** False where no token is enough without a DPoP proof. Certificates have no scheme of their own: they go with Bearer. */
export function takesBearerScheme({ senderConstraint = 'when-bound' }: Constrained): boolean {
  return satisfies('none', senderConstraint) || satisfies('mtls', senderConstraint);
}

/** True where no token is enough without a certificate. */
export function demandsCertificate({ senderConstraint = 'when-bound' }: Constrained): boolean {
  return satisfying[senderConstraint].every((method) => method === 'mtls' || method === 'dpop+mtls');
}

/** What is wrong with a requirement that asks for DPoP proofs where none are verified. */
export const proofDemand = "can be met by nobody while the option dpop is 'off'";

/** The mildest that is no milder than either; undefined where nobody asks for any. */
export function findStricter(
  one: SenderConstraint | undefined,
  other: SenderConstraint | undefined,
): SenderConstraint | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const takenByBoth = satisfying[one].filter((method) => satisfies(method, other));
  return senderConstraints.find((constraint) => satisfying[constraint].every((method) => takenByBoth.includes(method)));
}
