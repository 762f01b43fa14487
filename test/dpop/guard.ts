import {
  createVerifier,
  type Decision,
  type HttpRequest,
  type Outcome,
  type RequirementInput,
  type Verifier,
  type VerifierOptions,
} from '@gatehouse/core';
import { createTestClock, type TestClock, type TestIssuer } from '@gatehouse/testing';
import { startIssuer, trust } from '../token-format.ts';

const resource = 'https://api.example/v1';
/** What proofs in these tests are for, unless they say otherwise. */
export const url = 'https://api.example/v1/data';
export const method = 'GET';
const target = '/v1/data';

/** Header fields of a request, as agents make them. */
export interface Fields {
  readonly authorization: string;
  readonly dpop?: string | readonly string[];
}

/** An authorization server, its clock, and a verifier that trusts it. */
export interface Guard {
  readonly clock: TestClock;
  readonly issuer: TestIssuer;
  readonly verifier: Verifier;
  readonly decisions: readonly Decision[];
  present(fields: Fields, changes?: Partial<HttpRequest>, requirement?: RequirementInput): Promise<Outcome>;
  /** How the request ends: `accepted`, or the code of the refusal. */
  ask(fields: Fields, changes?: Partial<HttpRequest>, requirement?: RequirementInput): Promise<string>;
  /** Another verifier at the same resource, as another process would have it. */
  join(options?: Partial<VerifierOptions>): Promise<Guard>;
  close(): Promise<void>;
}

export async function startGuard(options: Partial<VerifierOptions> = {}): Promise<Guard> {
  const clock = createTestClock();
  return guardBy(clock, await startIssuer({ audience: resource, clock }), options);
}

function guardBy(clock: TestClock, issuer: TestIssuer, options: Partial<VerifierOptions>): Guard {
  const decisions: Decision[] = [];
  const verifier = createVerifier({
    resource,
    issuers: [trust(issuer)],
    now: clock.now,
    onDecision: (decision) => decisions.push(decision),
    ...options,
  });

  const present: Guard['present'] = ({ authorization, dpop = [] }, changes = {}, requirement = {}) => {
    const proofs = typeof dpop === 'string' ? [dpop] : dpop;
    const headers = { authorization: [authorization], ...(proofs.length === 0 ? {} : { dpop: proofs }) };
    return verifier.check({ method, target, headers, ...changes }, { requirement });
  };

  return {
    clock,
    issuer,
    verifier,
    decisions,
    present,
    async ask(...request) {
      const outcome = await present(...request);
      return outcome.outcome === 'refused' ? outcome.error.code : outcome.outcome;
    },
    join: async (changes = {}) => guardBy(clock, issuer, { ...options, ...changes }),
    async close() {
      await verifier.close();
      await issuer.close();
    },
  };
}
