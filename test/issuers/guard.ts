import { createVerifier, type Decision, type Outcome, type Verifier, type VerifierOptions } from '@gatehouse/core';

export const resource = 'https://api.example';

/** A verifier, what it decides, and a short way to ask it. */
export interface Guard {
  readonly verifier: Verifier;
  readonly decisions: readonly Decision[];
  /** Status of the refusal, or how else it ended. */
  present(token: string, requirement?: string): Promise<number | Outcome['outcome']>;
  /** What answered the check of the last signature. */
  lastSource(): string | undefined;
}

export function guardBy(options: Omit<VerifierOptions, 'resource' | 'onDecision'>): Guard {
  const decisions: Decision[] = [];
  const verifier = createVerifier({ resource, ...options, onDecision: (decision) => decisions.push(decision) });
  return {
    verifier,
    decisions,
    async present(token, requirement) {
      const request = { method: 'GET', target: '/', headers: { authorization: [`Bearer ${token}`] } };
      const outcome = await verifier.check(request, requirement === undefined ? {} : { requirement });
      return outcome.outcome === 'refused' ? outcome.response.status : outcome.outcome;
    },
    lastSource: () => decisions.at(-1)?.checks[0]?.source,
  };
}
