import {
  createVerifier,
  type Decision,
  type HttpRequest,
  type IssuerOptions,
  type Outcome,
  type RequirementInput,
  type Verifier,
  type VerifierOptions,
} from '@gatehouse/core';
import {
  createTestClock,
  createTestIssuer,
  type TestClock,
  type TestIssuer,
  type TestIssuerOptions,
} from '@gatehouse/testing';

export const resource = 'https://api.example';

type IntrospectionOptions = NonNullable<IssuerOptions['introspection']>;

/** What a test changes of the set-up. */
export interface Changes {
  readonly issuer?: TestIssuerOptions;
  readonly issuerOptions?: Partial<IssuerOptions>;
  readonly introspection?: Partial<IntrospectionOptions>;
  readonly options?: Partial<VerifierOptions>;
}

/** An authorization server with opaque tokens, and a verifier that asks it about them. */
export interface Guard extends AsyncDisposable {
  readonly clock: TestClock;
  readonly issuer: TestIssuer;
  readonly verifier: Verifier;
  readonly decisions: readonly Decision[];
  /** How often the issuer was asked about a token. */
  readonly questions: number;
  check(token: string, requirement?: RequirementInput): Promise<Outcome>;
  /** How the request ends: `accepted`, or the code of the refusal. */
  ask(token: string | Promise<string>, requirement?: RequirementInput): Promise<string>;
}

export function requestWith(token: string, scheme = 'Bearer'): HttpRequest {
  return { method: 'GET', target: '/', headers: { authorization: [`${scheme} ${token}`] } };
}

export function describeOutcome(outcome: Outcome): string {
  return outcome.outcome === 'refused' ? outcome.error.code : outcome.outcome;
}

export async function startGuard(changes: Changes = {}): Promise<Guard> {
  const clock = createTestClock();
  const issuer = await createTestIssuer({ audience: resource, clock, tokenFormat: 'opaque', ...changes.issuer });
  const decisions: Decision[] = [];
  const introspection = { ...issuer.introspection, cacheSeconds: 0, ...changes.introspection };
  const verifier = createVerifier({
    resource,
    issuers: [{ issuer: issuer.issuer, introspection, ...changes.issuerOptions }],
    now: clock.now,
    onDecision: (decision) => decisions.push(decision),
    ...changes.options,
  });
  const check: Guard['check'] = (token, requirement = {}) => verifier.check(requestWith(token), { requirement });

  return {
    clock,
    issuer,
    verifier,
    decisions,
    check,
    get questions() {
      return issuer.requests.filter(({ path }) => issuer.introspectionUri.endsWith(path)).length;
    },
    ask: async (token, requirement) => describeOutcome(await check(await token, requirement)),
    async [Symbol.asyncDispose]() {
      await verifier.close();
      await issuer.close();
    },
  };
}
