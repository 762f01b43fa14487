import type { SigningAlgorithm } from './signing-keys.ts';
import type { JsonObject } from './token.ts';

/** Which well-known document an issuer has: that of RFC 8414, or that of OpenID Connect Discovery. */
export type MetadataKind = 'oauth' | 'openid';

/** Where an issuer with this path keeps its document: inserted (RFC 8414 §3.1) or appended (OpenID Discovery §4.1). */
export function metadataPath(kind: MetadataKind, issuerPath: string): string {
  const path = withoutTerminatingSlash(issuerPath);
  return kind === 'oauth'
    ? `/.well-known/oauth-authorization-server${path}`
    : `${path}/.well-known/openid-configuration`;
}

/** Where an issuer with this path keeps its keys. */
export function jwksPath(issuerPath: string): string {
  return `${withoutTerminatingSlash(issuerPath)}/jwks`;
}

/** Where an issuer with this path is asked about tokens. */
export function introspectionPath(issuerPath: string): string {
  return `${withoutTerminatingSlash(issuerPath)}/introspect`;
}

/** The document itself. It names no authorization and no token endpoint: the issuer has neither. */
export function metadataDocument(
  kind: MetadataKind,
  issuer: {
    readonly issuer: string;
    readonly jwksUri: string;
    readonly introspectionUri: string;
    readonly algorithm: SigningAlgorithm;
  },
): JsonObject {
  const common = {
    issuer: issuer.issuer,
    jwks_uri: issuer.jwksUri,
    introspection_endpoint: issuer.introspectionUri,
    introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    response_types_supported: ['code'],
  };
  if (kind === 'oauth') return common;
  return {
    ...common,
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [issuer.algorithm],
  };
}

function withoutTerminatingSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path;
}
