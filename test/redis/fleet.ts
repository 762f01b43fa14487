import { createVerifier, type ReplayStore, type Verifier, type VerifierOptions } from '@gatehouse/core';
import { createTestAgent, createTestIssuer } from '@gatehouse/testing';
import { expect } from 'vitest';
import type { Door } from './traffic.ts';

const resource = 'https://api.example';
const url = 'https://api.example/data';
const method = 'GET';

/** The verifiers of one API, as several processes would have them, and an agent that calls it. */
export interface Fleet extends AsyncDisposable {
  readonly verifiers: readonly Verifier[];
  /** Where proofs are presented: one door for each verifier. */
  readonly doors: readonly Door[];
  /** A new proof, for the one token that the agent has. */
  prove(): Promise<string>;
}

/**
 * Starts verifiers with a replay store for each of them. They allow clocks no difference, because they have the same one:
 * that makes the time short in which a store that lost its memory trusts no proof.
 */
export async function startFleet(
  stores: readonly ReplayStore[],
  options: Partial<VerifierOptions> = {},
): Promise<Fleet> {
  const issuer = await createTestIssuer({ audience: resource });
  const agent = createTestAgent(issuer, { sub: 'alice' }, { dpop: true });
  const token = await agent.token();
  const verifiers = stores.map((replay) =>
    createVerifier({
      resource,
      issuers: [issuer.issuer],
      clockToleranceSeconds: 0,
      stores: { replay },
      ...options,
    }),
  );
  return {
    verifiers,
    doors: verifiers.map((verifier) => (proof) => present(verifier, token, proof)),
    prove: () => agent.proof({ method, url, token }),
    async [Symbol.asyncDispose]() {
      await Promise.all([...verifiers.map((verifier) => verifier.close()), issuer.close()]);
    },
  };
}

/** How a request with the proof ends: `accepted`, or the code of the refusal. An outage always says when to come again. */
async function present(verifier: Verifier, token: string, proof: string): Promise<string> {
  const headers = { authorization: [`DPoP ${token}`], dpop: [proof] };
  const outcome = await verifier.check({ method, target: '/data', headers }, { requirement: {} });
  if (outcome.outcome !== 'refused') return outcome.outcome;
  const { error, response } = outcome;
  if (response.status === 503) expect(response.headers['retry-after']).toEqual([expect.stringMatching(/^[1-9]\d*$/)]);
  return error.code;
}
