import type { TestIssuer } from './issuer.ts';
import type { TokenClaims } from './token.ts';

/** A caller with tokens of one issuer. */
export interface TestAgent {
  /** Makes a fresh token; claims given here override the agent's own. */
  token(claims?: TokenClaims): Promise<string>;
  /** Global `fetch` with a fresh token as `Authorization: Bearer`, in place of any `Authorization` you give. */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;
}

/**
 * Creates a caller whose every request carries a token of its own.
 *
 * @param issuer Who issues the tokens.
 * @param claims The claims of every token, over the issuer's defaults: `{ sub: 'alice', scope: 'read:data' }`.
 */
export function createTestAgent(issuer: TestIssuer, claims: TokenClaims = {}): TestAgent {
  const token = (overrides: TokenClaims = {}) => issuer.token({ ...claims, ...overrides });
  return {
    token,
    async fetch(input, init) {
      const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : {}));
      headers.set('authorization', `Bearer ${await token()}`);
      return fetch(input, { ...init, headers });
    },
  };
}
