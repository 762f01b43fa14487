import { createDpopFetch } from './dpop/fetch.ts';
import { draftProof, type ProofClaims, type ProofRequest } from './dpop/proof.ts';
import { keyForDefect, type ProofDefect, writeDefectiveProof } from './dpop/proof-defects.ts';
import { createProofKey, type ProofKey, thumbprintOf } from './dpop/proof-key.ts';
import type { TestIssuer, TokenOptions } from './issuer.ts';
import type { SigningAlgorithm } from './signing-keys.ts';
import { type TokenClaims, writeToken } from './token.ts';

/** Options of {@link createTestAgent}. */
export interface TestAgentOptions {
  /** What the agent signs its DPoP proofs with; `true` is `'ES256'`. */
  readonly dpop: SigningAlgorithm | true;
}

/** Options of {@link DpopTestAgent.proof}. */
export interface ProofOptions {
  /** Claims over the defaults; `undefined` leaves one out. */
  readonly claims?: ProofClaims;
  /** Header members over the defaults `typ`, `alg` and `jwk`; `undefined` leaves one out. The signature stays that of the key. */
  readonly header?: Readonly<Record<string, unknown>>;
  /** The one thing that is wrong with the proof, put in after claims and header. Default: nothing. */
  readonly defect?: ProofDefect;
}

/** A caller with tokens of one issuer. */
export interface TestAgent {
  /** Makes a fresh token; claims given here override the agent's own. */
  token(claims?: TokenClaims, options?: TokenOptions): Promise<string>;
  /** Global `fetch` with a fresh token as `Authorization: Bearer`, in place of any `Authorization` you give. */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;
}

/** A caller with a key of its own, and tokens that are bound to it (RFC 9449). */
export interface DpopTestAgent extends TestAgent {
  /** Makes a fresh token, whose `cnf.jkt` is the agent's thumbprint unless claims say otherwise. */
  token(claims?: TokenClaims, options?: TokenOptions): Promise<string>;
  /**
   * Global `fetch` with a fresh token as `Authorization: DPoP` and a fresh proof as `DPoP`, in place of any that you
   * give. It remembers the newest `DPoP-Nonce` of each origin, and sends a request that is refused for the want of one
   * a second time, with the same token and a new proof (RFC 9449 §8.2, §9).
   */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;
  /** The JWK thumbprint (RFC 7638) of the agent's key: what stands in `cnf.jkt`. */
  thumbprint(): Promise<string>;
  /**
   * Makes a proof as RFC 9449 §4.2 shows it: the compact text, or what a defect leaves of it.
   *
   * @param request What the proof is for.
   * @param options Claims and header members, and what is to be wrong.
   * @throws TypeError when a defect of `ath` finds no token, or one of `htu` no URL.
   */
  proof(request: ProofRequest, options?: ProofOptions): Promise<string>;
  /**
   * Makes the two header fields of a request: what {@link DpopTestAgent.fetch} would send, or what a defect makes of it.
   *
   * The token is bound to the key that the proof shows. So a defect of the key is all that is wrong, too: the token of
   * an agent with such a key.
   *
   * @param request What the proof is for. Default `token`: a fresh one; default `nonce`: the newest one that the origin
   *   gave to `fetch`.
   * @param options As for {@link DpopTestAgent.proof}.
   * @throws TypeError as {@link DpopTestAgent.proof} does.
   */
  headers(
    request: ProofRequest,
    options?: ProofOptions,
  ): Promise<{ readonly authorization: string; readonly dpop: string }>;
}

/**
 * Creates a caller whose every request carries a token of its own.
 *
 * @param issuer Who issues the tokens. Its clock is the agent's, too.
 * @param claims The claims of every token, over the issuer's defaults: `{ sub: 'alice', scope: 'read:data' }`.
 * @param options `{ dpop: true }` for tokens that are bound to a key of the agent. Default: bearer tokens.
 */
export function createTestAgent(issuer: TestIssuer, claims?: TokenClaims): TestAgent;
export function createTestAgent(issuer: TestIssuer, claims: TokenClaims, options: TestAgentOptions): DpopTestAgent;
export function createTestAgent(issuer: TestIssuer, claims: TokenClaims = {}, options?: TestAgentOptions): TestAgent {
  if (options === undefined) return createBearerAgent(issuer, claims);
  return createDpopAgent(issuer, claims, options.dpop === true ? 'ES256' : options.dpop);
}

function createBearerAgent(issuer: TestIssuer, claims: TokenClaims): TestAgent {
  const token: TestAgent['token'] = (overrides, options) => issuer.token({ ...claims, ...overrides }, options);
  return {
    token,
    async fetch(input, init) {
      const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : {}));
      headers.set('authorization', `Bearer ${await token()}`);
      return fetch(input, { ...init, headers });
    },
  };
}

function createDpopAgent(issuer: TestIssuer, claims: TokenClaims, algorithm: SigningAlgorithm): DpopTestAgent {
  const nonces = new Map<string, string>();
  let generated: Promise<ProofKey> | undefined;

  function ownKey(): Promise<ProofKey> {
    generated ??= createProofKey(algorithm);
    return generated;
  }

  async function token(key: ProofKey, overrides?: TokenClaims, options?: TokenOptions): Promise<string> {
    return issuer.token({ cnf: { jkt: await thumbprintOf(key) }, ...claims, ...overrides }, options);
  }

  function write(key: ProofKey, request: ProofRequest, options: ProofOptions): Promise<string> {
    const now = Math.floor(issuer.clock.now() / 1000);
    const draft = draftProof({ key, now }, request, options.claims ?? {}, options.header ?? {});
    return options.defect === undefined ? writeToken(draft) : writeDefectiveProof(draft, options.defect);
  }

  const headers: DpopTestAgent['headers'] = async (request, options = {}) => {
    const key = await keyForDefect(await ownKey(), options.defect);
    const { token: presented = await token(key), nonce = nonces.get(new URL(request.url).origin) } = request;
    const complete = { ...request, token: presented, ...(nonce !== undefined && { nonce }) };
    return { authorization: `DPoP ${presented}`, dpop: await write(key, complete, options) };
  };

  return {
    token: async (overrides, options) => token(await ownKey(), overrides, options),
    thumbprint: async () => thumbprintOf(await ownKey()),
    proof: async (request, options = {}) => write(await keyForDefect(await ownKey(), options.defect), request, options),
    headers,
    fetch: createDpopFetch(nonces, async () => {
      const held = await token(await ownKey());
      return (request) => headers({ ...request, token: held });
    }),
  };
}
