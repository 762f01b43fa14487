import type { JWSHeaderParameters } from 'jose';

/**
 * Signature algorithms for tokens (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2). Symmetric ones and `none` are not
 * among them: a resource server that could make tokens would be one (RFC 8725 §3.1, RFC 9068 §2.1).
 */
export const jwsAlgorithms = [
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'RS384',
  'RS512',
] as const;

export type JwsAlgorithm = (typeof jwsAlgorithms)[number];

/** The header of a JWS with one of them (RFC 7515 §4.1). */
export type JwsHeader = JWSHeaderParameters & { readonly alg: JwsAlgorithm };

export const defaultAlgorithms: readonly JwsAlgorithm[] = ['ES256', 'EdDSA', 'Ed25519', 'PS256', 'RS256'];
