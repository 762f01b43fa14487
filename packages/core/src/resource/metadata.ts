import { createEntityTag, hasEntityTag } from '../http/entity-tag.ts';
import type { Endpoint, HeaderLists, HttpRequest, HttpResponse } from '../http/request.ts';
import { splitIdentifier } from '../identifier.ts';
import type { JsonObject } from '../json.ts';
import type { MetadataOptions } from './options.ts';
import { cooldownSeconds, createSignedMetadata, maxAgeSeconds } from './signed-metadata.ts';

const wellKnown = '/.well-known/oauth-protected-resource';

/**
 * The URL of the metadata of a resource: the well-known path inserted between host and path; a path that is only a slash
 * is dropped (RFC 9728 §3.1).
 */
export function metadataUrl(resource: string): string {
  const { origin, path } = splitIdentifier(resource);
  return `${origin}${wellKnown}${path === '/' ? '' : path}`;
}

/** What the verifier says of its resource. */
export interface ResourceFacts {
  /** Its identifier. */
  readonly resource: string;
  readonly authorizationServers: readonly string[];
  /** What proofs may be signed with; undefined where none are verified. */
  readonly proofAlgorithms?: readonly string[] | undefined;
  /** Whether every token has to come with a DPoP proof. */
  readonly requiresDpop?: boolean;
  /** Whether clients can show certificates here, as far as the verifier knows. */
  readonly takesCertificates?: boolean;
}

/** What the document says, in the order of RFC 9728 §2; what nobody said is left out (§3.2). */
function listMembers(facts: ResourceFacts, options: MetadataOptions): JsonObject {
  const { resource, authorizationServers, proofAlgorithms, requiresDpop = false } = facts;
  const takesCertificates = facts.takesCertificates === true || options.certificateBoundTokens === true;
  const members = {
    resource,
    authorization_servers: authorizationServers,
    jwks_uri: options.jwksUri,
    scopes_supported: options.scopes,
    bearer_methods_supported: ['header'],
    resource_signing_alg_values_supported: options.signingAlgorithms,
    resource_name: options.name,
    resource_documentation: options.documentation,
    resource_policy_uri: options.policy,
    resource_tos_uri: options.termsOfService,
    tls_client_certificate_bound_access_tokens: takesCertificates ? true : undefined,
    authorization_details_types_supported: options.authorizationDetailsTypes,
    dpop_signing_alg_values_supported: proofAlgorithms,
    dpop_bound_access_tokens_required: requiresDpop ? true : undefined,
    ...options.other,
  };
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

/** Serves the metadata document. */
export interface MetadataEndpoint extends Endpoint {
  /** Resolves when the document can be served; rejects with what the signer threw, or what is wrong with what it gave. */
  ready(): Promise<void>;
}

/**
 * Serves the metadata document to anyone, browsers included. It is the same until the process ends, but for its signature.
 *
 * @param now milliseconds since the epoch
 */
export function createMetadataEndpoint(
  facts: ResourceFacts,
  options: MetadataOptions,
  now: () => number,
): MetadataEndpoint {
  const members = listMembers(facts, options);
  const document = JSON.stringify(members);
  const { sign } = options;
  const signed = sign && createSignedMetadata(members, { sign, now, timeoutSeconds: 10 });
  const methods = ['GET', 'HEAD', 'OPTIONS'];
  const allow = [methods.join(', ')];
  const anyOrigin = { 'access-control-allow-origin': ['*'] };

  /** Nothing while the signer fails: the document is never without its signature, and what was thrown is not for callers. */
  async function findDocument(): Promise<string | undefined> {
    if (signed === undefined) return document;
    const jwt = await signed.get().catch(() => undefined);
    return jwt === undefined ? undefined : JSON.stringify({ ...members, signed_metadata: jwt });
  }

  async function serve(requested: HeaderLists): Promise<HttpResponse> {
    const body = await findDocument();
    if (body === undefined) {
      const headers = { ...anyOrigin, 'cache-control': ['no-store'], 'retry-after': [String(cooldownSeconds)] };
      return { status: 503, headers, body };
    }
    const tag = createEntityTag(body);
    const headers = { ...anyOrigin, 'cache-control': [`public, max-age=${maxAgeSeconds}`], etag: [tag] };
    return hasEntityTag(requested, tag)
      ? { status: 304, headers, body: undefined }
      : { status: 200, headers: { ...headers, 'content-type': ['application/json'] }, body };
  }

  return {
    path: splitIdentifier(metadataUrl(facts.resource)).path,
    methods,
    async handle({ method, headers }: HttpRequest): Promise<HttpResponse> {
      switch (method) {
        case 'GET':
        case 'HEAD':
          return serve(headers);
        case 'OPTIONS':
          return {
            status: 204,
            headers: {
              ...anyOrigin,
              'access-control-allow-methods': allow,
              'access-control-allow-headers': ['*'],
              allow,
            },
            body: undefined,
          };
        default:
          return { status: 405, headers: { ...anyOrigin, allow }, body: undefined };
      }
    },
    async ready() {
      await signed?.ready();
    },
  };
}
