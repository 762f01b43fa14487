import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { JWK } from 'jose';
import { type TokenDefect, writeDefectiveToken } from './defects.ts';
import { answerDocument, answerWithFault, type IssuerFault } from './faults.ts';
import { createTokenRegister, type IntrospectionAnswer } from './introspection.ts';
import { startLoopbackServer } from './loopback-server.ts';
import { introspectionPath, jwksPath, type MetadataKind, metadataDocument, metadataPath } from './metadata.ts';
import { createQuestionAuthenticator, type TestResourceServer } from './resource-server.ts';
import { createSigningKey, type SigningAlgorithm } from './signing-keys.ts';
import { draftToken, type TokenClaims, writeToken } from './token.ts';

/** Options of {@link createTestIssuer}. */
export interface TestIssuerOptions {
  /** The `aud` of every token. Without it, give each token its own. */
  readonly audience?: string | readonly string[];
  /** The path of the issuer identifier, kept byte for byte: `/tenant/1`, `/tenant/1/` or `/`. Default: none. */
  readonly path?: string;
  /** Which well-known document exists; the other one is 404. Default: `'oauth'` (RFC 8414). */
  readonly metadata?: MetadataKind;
  /** What the first key signs with. Default: `'ES256'`. */
  readonly algorithm?: SigningAlgorithm;
  /** Where `iat` and `exp` come from. Default: the time of the machine. */
  readonly clock?: { now(): number };
  /** What tokens look like: `'opaque'` ones say nothing, and the introspection endpoint tells their claims. Default: `'jwt'`. */
  readonly tokenFormat?: TokenFormat;
  /** How opaque tokens begin. Default: `''`. */
  readonly tokenPrefix?: string;
  /** Who may ask the introspection endpoint. */
  readonly resourceServer?: TestResourceServer;
}

/** A token that says who it is for, or one that only its issuer can read. */
export type TokenFormat = 'jwt' | 'opaque';

/** What an issuer can let fail. */
export type IssuerEndpoint = 'metadata' | 'jwks' | 'introspection';

/** Options of {@link TestIssuer.token}. */
export interface TokenOptions {
  /** Header members over the defaults `alg`, `typ` and `kid`; `undefined` leaves one out. The signature stays that of the issuer's key. */
  readonly header?: Readonly<Record<string, unknown>>;
  /**
   * The one thing that is wrong with the token, put in after claims and header. Of an opaque token it is wrong in what the
   * introspection endpoint says, as far as it is about claims. Default: nothing.
   */
  readonly defect?: TokenDefect;
  /** Default: the `tokenFormat` of the issuer. */
  readonly format?: TokenFormat;
}

/** Options of {@link TestIssuer.rotateKeys}. */
export interface RotateKeysOptions {
  /** What the new key signs with. Default: what the old one did. */
  readonly algorithm?: SigningAlgorithm;
  /** What becomes of the old keys in the published set. Default: `'keep'`. */
  readonly oldKeys?: 'keep' | 'withdraw';
}

/** A request that arrived, answered or not. */
export interface RecordedRequest {
  readonly method: string;
  /** As received, without the query. */
  readonly path: string;
}

/** An authorization server in memory, on 127.0.0.1. */
export interface TestIssuer extends AsyncDisposable {
  /** The issuer identifier: what goes into `issuers` and stands in `iss`. */
  readonly issuer: string;
  /** Where `iat` and `exp` come from. */
  readonly clock: { now(): number };
  /** Where the key set is. */
  readonly jwksUri: string;
  /** Where the metadata document is. */
  readonly metadataUri: string;
  /** Where tokens are introspected (RFC 7662). */
  readonly introspectionUri: string;
  /** The `introspection` of this issuer, for the options of a guard: how its resource server authenticates. */
  readonly introspection: {
    readonly clientAuthentication: {
      readonly method: 'client_secret_basic';
      readonly clientId: string;
      readonly clientSecret: string;
    };
  };
  /** Everything that arrived, in order; it grows with every request. */
  readonly requests: readonly RecordedRequest[];
  /**
   * Makes an access token as RFC 9068 wants it, signed with the newest key; or an opaque one, of which the introspection
   * endpoint says the same. Tokens are active there until they are revoked, whatever their times are.
   *
   * @param claims Claims over the defaults.
   * @param options Header members, and what is to be wrong.
   * @throws TypeError when neither the issuer nor `claims` says who the audience is.
   */
  token(claims?: TokenClaims, options?: TokenOptions): Promise<string>;
  /**
   * From now on the introspection endpoint says that the token is not active.
   *
   * @throws TypeError for a token that this issuer did not make, or has revoked.
   */
  revoke(token: string): void;
  /**
   * Changes what the introspection endpoint says of a token: these members over its claims; `undefined` removes one.
   *
   * @throws TypeError for a token that this issuer did not make, or has revoked.
   */
  changeAnswer(token: string, members: Readonly<Record<string, unknown>>): void;
  /** Lets signed answers of the introspection endpoint (RFC 9701) be wrong in this way, until it is called without one. */
  spoilAnswers(defect?: TokenDefect): void;
  /** The keys of this issuer that are not withdrawn, public members only: a fresh copy, oldest first. */
  jwks(): { keys: JWK[] };
  /** Signs with a new key, with a new `kid`, from now on. Old keys stay published unless they are withdrawn. */
  rotateKeys(options?: RotateKeysOptions): Promise<void>;
  /** Serves this JSON in place of the key set until the next {@link TestIssuer.rotateKeys}. */
  publish(document: unknown): void;
  /** Merges members into the metadata document, for good; `undefined` removes one. */
  publishMetadata(changes: Readonly<Record<string, unknown>>): void;
  /** Lets every request to an endpoint fail in this way until {@link TestIssuer.heal}. Other endpoints are left alone. */
  fail(endpoint: IssuerEndpoint, fault: IssuerFault): void;
  /** Ends the faults of all endpoints. Requests that hang go on hanging. */
  heal(): void;
  /** Goes away: every connection is destroyed and new ones are refused. Tokens can still be made. */
  stop(): Promise<void>;
  /** Comes back on the same port. */
  start(): Promise<void>;
  /** What {@link TestIssuer.stop} does, at the end of a test; `await using` calls it for you. */
  close(): Promise<void>;
}

const behindRedirect = '/behind-redirect';

/**
 * Starts an authorization server on a free port of 127.0.0.1: metadata, keys, introspection, and tokens by a function call.
 *
 * @throws TypeError when `path` is neither empty nor a path.
 */
export async function createTestIssuer(options: TestIssuerOptions = {}): Promise<TestIssuer> {
  const { audience, path = '', metadata: kind = 'oauth', algorithm = 'ES256', clock = Date } = options;
  const { tokenFormat = 'jwt', tokenPrefix = '', resourceServer = {} } = options;
  const { clientId = 'api-1', secrets = ['api-1-secret'], jwks: assertionKeys = { keys: [] } } = resourceServer;
  if (!/^(\/[^?#\s]*)?$/.test(path)) throw new TypeError('Give `path` as a URL path that starts with a slash.');

  let key = await createSigningKey(algorithm, 'key-1');
  const server = await startLoopbackServer(answer);
  const issuer = `${server.origin}${path}`;
  const jwksUri = `${server.origin}${jwksPath(path)}`;
  const introspectionUri = `${server.origin}${introspectionPath(path)}`;
  const requests: RecordedRequest[] = [];
  const faults = new Map<IssuerEndpoint, IssuerFault>();
  let kids = 1;
  let keys = [key];
  let metadata = metadataDocument(kind, { issuer, jwksUri, introspectionUri, algorithm });
  let published: string | undefined;
  let answerDefect: TokenDefect | undefined;
  const register = createTokenRegister({
    issuer,
    clientId,
    authenticate: createQuestionAuthenticator({ issuer, clock, clientId, secrets, jwks: assertionKeys }),
    clock,
    findKey: () => key,
    findDefect: () => answerDefect,
  });

  const jwks = () => ({ keys: keys.map(({ publicJwk }) => ({ ...publicJwk })) });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [arrived = ''] = (request.url ?? '').split('?');
    requests.push({ method: request.method ?? '', path: arrived });
    const direct = arrived.startsWith(behindRedirect);
    const endpoint = endpointAt(direct ? arrived.slice(behindRedirect.length) : arrived);
    if (endpoint === undefined) {
      answerDocument(response, '{"error":"not_found"}', { status: 404 });
      return;
    }
    const { body, ...others } = await findDocument(endpoint, request);
    const fault = direct ? undefined : faults.get(endpoint);
    if (fault === undefined) answerDocument(response, body, others);
    else
      answerWithFault(fault, {
        response,
        document: Buffer.from(body).toString(),
        elsewhere: `${behindRedirect}${arrived}`,
      });
  }

  async function findDocument(
    endpoint: IssuerEndpoint,
    request: IncomingMessage,
  ): Promise<Partial<IntrospectionAnswer> & Pick<IntrospectionAnswer, 'body'>> {
    if (endpoint === 'introspection') return register.answer(request);
    return { body: endpoint === 'metadata' ? JSON.stringify(metadata) : (published ?? JSON.stringify(jwks())) };
  }

  function endpointAt(requested: string): IssuerEndpoint | undefined {
    if (requested === metadataPath(kind, path)) return 'metadata';
    if (requested === introspectionPath(path)) return 'introspection';
    return requested === jwksPath(path) ? 'jwks' : undefined;
  }

  return {
    issuer,
    clock,
    jwksUri,
    metadataUri: `${server.origin}${metadataPath(kind, path)}`,
    requests,
    introspectionUri,
    introspection: {
      clientAuthentication: { method: 'client_secret_basic', clientId, clientSecret: secrets[0] ?? '' },
    },
    async token(claims = {}, { header = {}, defect, format = tokenFormat } = {}) {
      if (audience === undefined && !('aud' in claims)) {
        throw new TypeError('Give createTestIssuer an `audience`, or this token an `aud`.');
      }
      const now = Math.floor(clock.now() / 1000);
      const draft = draftToken({ issuer, audience, key, now }, claims, header);
      const jwt = await (defect === undefined ? writeToken(draft) : writeDefectiveToken(draft, defect));
      const token = format === 'jwt' ? jwt : tokenPrefix + randomBytes(32).toString('base64url');
      // Where the whole form is what is wrong, there is no payload to say otherwise.
      const [, payload] = /^[^.]*\.([^.]+)(?:\.|$)/.exec(jwt) ?? [];
      register.add(
        token,
        payload === undefined ? Buffer.from(JSON.stringify(draft.claims)) : Buffer.from(payload, 'base64url'),
      );
      return token;
    },
    revoke: register.revoke,
    changeAnswer: register.change,
    spoilAnswers(defect) {
      answerDefect = defect;
    },
    jwks,
    async rotateKeys({ algorithm: next = key.algorithm, oldKeys = 'keep' } = {}) {
      kids += 1;
      key = await createSigningKey(next, `key-${kids}`);
      keys = oldKeys === 'withdraw' ? [key] : [...keys, key];
      published = undefined;
    },
    publish(document) {
      published = JSON.stringify(document);
    },
    publishMetadata(changes) {
      metadata = { ...metadata, ...changes };
    },
    fail(endpoint, fault) {
      faults.set(endpoint, fault);
    },
    heal() {
      faults.clear();
    },
    stop: server.stop,
    start: server.start,
    close: server.stop,
    [Symbol.asyncDispose]: server.stop,
  };
}
