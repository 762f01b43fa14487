import { createDpopFetch, type Fetch } from './dpop/fetch.ts';
import { draftProof, type ProofClaims, type ProofRequest } from './dpop/proof.ts';
import { keyForDefect, type ProofDefect, writeDefectiveProof } from './dpop/proof-defects.ts';
import { createProofKey, type ProofKey, thumbprintOf } from './dpop/proof-key.ts';
import type { TestIssuer, TokenOptions } from './issuer.ts';
import { createTestCertificate, type TestCertificate } from './mtls/certificate.ts';
import { createCertifiedFetch } from './mtls/fetch.ts';
import { type ForwardingDefect, forwardCertificate } from './mtls/forwarding-defects.ts';
import type { SigningAlgorithm } from './signing-keys.ts';
import { type TokenClaims, writeToken } from './token.ts';

/** Options of {@link createTestAgent}. */
export interface TestAgentOptions {
  /** What the agent signs its DPoP proofs with; `true` is `'ES256'`. Default: it makes no proofs. */
  readonly dpop?: SigningAlgorithm | true;
  /** What the agent shows in TLS handshakes; `true` is one of its own that nobody else signed. Default: it shows none. */
  readonly certificate?: TestCertificate | true;
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

/** A caller with a client certificate, and tokens that are bound to it (RFC 8705). */
export interface CertifiedTestAgent extends TestAgent {
  /** Makes a fresh token, whose `cnf['x5t#S256']` is the thumbprint of the certificate unless claims say otherwise. */
  token(claims?: TokenClaims, options?: TokenOptions): Promise<string>;
  /**
   * As `fetch`, over https alone: it shows the certificate, and does not look at that of the server.
   *
   * @throws TypeError for another scheme.
   */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;
  readonly certificate: TestCertificate;
  /**
   * Makes the header fields in which a proxy that ends TLS hands the certificate on (RFC 9440): `Client-Cert`, or what a
   * defect makes of it. As lists of lines, for `node:http`.
   */
  forward(defect?: ForwardingDefect): Record<string, string[]>;
}

/**
 * Creates a caller whose every request carries a token of its own.
 *
 * @param issuer Who issues the tokens. Its clock is the agent's, too.
 * @param claims The claims of every token, over the issuer's defaults: `{ sub: 'alice', scope: 'read:data' }`.
 * @param options `{ dpop: true }` for tokens that are bound to a key of the agent, `{ certificate: true }` for tokens that
 *   are bound to its certificate, or both. Default: bearer tokens.
 */
export function createTestAgent(issuer: TestIssuer, claims?: TokenClaims): TestAgent;
export function createTestAgent(
  issuer: TestIssuer,
  claims: TokenClaims,
  options: WithKey & WithCertificate,
): DpopTestAgent & CertifiedTestAgent;
export function createTestAgent(issuer: TestIssuer, claims: TokenClaims, options: WithKey): DpopTestAgent;
export function createTestAgent(issuer: TestIssuer, claims: TokenClaims, options: WithCertificate): CertifiedTestAgent;
export function createTestAgent(
  issuer: TestIssuer,
  claims: TokenClaims = {},
  { dpop, certificate }: TestAgentOptions = {},
): TestAgent {
  const shown = certificate === true ? createTestCertificate() : certificate;
  const agent: Draft = {
    issuer,
    cnf: shown === undefined ? {} : { 'x5t#S256': shown.thumbprint },
    claims,
    send: shown === undefined ? fetchNow : createCertifiedFetch(shown),
  };
  const caller = dpop === undefined ? createBearerAgent(agent) : createDpopAgent(agent, dpop === true ? 'ES256' : dpop);
  if (shown === undefined) return caller;
  return {
    ...caller,
    certificate: shown,
    forward: (defect) => forwardCertificate(shown, defect),
  } as CertifiedTestAgent;
}

type WithKey = TestAgentOptions & Required<Pick<TestAgentOptions, 'dpop'>>;
type WithCertificate = TestAgentOptions & Required<Pick<TestAgentOptions, 'certificate'>>;

/** What agents are made of, whatever their tokens are bound to. */
interface Draft {
  readonly issuer: TestIssuer;
  /** What tokens are bound to beside a key. */
  readonly cnf: Readonly<Record<string, string>>;
  readonly claims: TokenClaims;
  readonly send: Fetch;
}

/** Whatever is the global one at the time. */
const fetchNow: Fetch = (input, init) => fetch(input, init);

function issueToken({ issuer, cnf, claims }: Draft, overrides?: TokenClaims, options?: TokenOptions): Promise<string> {
  return issuer.token({ ...(Object.keys(cnf).length > 0 && { cnf }), ...claims, ...overrides }, options);
}

function createBearerAgent(agent: Draft): TestAgent {
  const token: TestAgent['token'] = (overrides, options) => issueToken(agent, overrides, options);
  return {
    token,
    async fetch(input, init) {
      const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : {}));
      headers.set('authorization', `Bearer ${await token()}`);
      return agent.send(input, { ...init, headers });
    },
  };
}

function createDpopAgent(agent: Draft, algorithm: SigningAlgorithm): DpopTestAgent {
  const nonces = new Map<string, string>();
  let generated: Promise<ProofKey> | undefined;

  function ownKey(): Promise<ProofKey> {
    generated ??= createProofKey(algorithm);
    return generated;
  }

  async function token(key: ProofKey, overrides?: TokenClaims, options?: TokenOptions): Promise<string> {
    const cnf = { ...agent.cnf, jkt: await thumbprintOf(key) };
    return issueToken({ ...agent, cnf }, overrides, options);
  }

  function write(key: ProofKey, request: ProofRequest, options: ProofOptions): Promise<string> {
    const now = Math.floor(agent.issuer.clock.now() / 1000);
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
    fetch: createDpopFetch(agent.send, nonces, async () => {
      const held = await token(await ownKey());
      return (request) => headers({ ...request, token: held });
    }),
  };
}
