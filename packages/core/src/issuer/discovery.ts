import { UnavailableError } from '../errors.ts';
import { findEndpointFault, splitIdentifier } from '../identifier.ts';
import type { JsonObject } from '../json.ts';
import { FetchFault, type JsonFetcher } from './fetch-json.ts';

/** What we use of the metadata of an authorization server. */
export interface IssuerMetadata {
  readonly jwksUri: string;
}

/**
 * Where the metadata of an issuer can be, in the order of asking: inserted before its path (RFC 8414 §3.1), then where
 * OpenID Connect Discovery 1.0 §4 appends it. A slash that ends the identifier is dropped in both.
 */
export function listMetadataUrls(issuer: string): readonly string[] {
  const { origin, path } = splitIdentifier(issuer);
  const base = path.endsWith('/') ? path.slice(0, -1) : path;
  return [
    `${origin}/.well-known/oauth-authorization-server${base}`,
    `${origin}${base}/.well-known/openid-configuration`,
  ];
}

/**
 * Fetches the metadata of an issuer. A document about another issuer is nobody's: the identifiers must be the same to
 * the byte (RFC 8414 §3.3).
 *
 * @throws UnavailableError when no place has the document
 */
export async function discover(
  issuer: string,
  fetcher: JsonFetcher,
  retryAfterSeconds: number,
): Promise<IssuerMetadata> {
  const faults: FetchFault[] = [];
  for (const url of listMetadataUrls(issuer)) {
    try {
      return readMetadata(await fetcher.fetch(url), issuer);
    } catch (error) {
      if (!(error instanceof FetchFault)) throw error;
      faults.push(error);
    }
  }
  const isInvalid = faults.some(({ kind }) => kind === 'invalid');
  throw new UnavailableError(isInvalid ? 'ERR_METADATA_INVALID' : 'ERR_METADATA_UNAVAILABLE', retryAfterSeconds, {
    cause: new AggregateError(faults, 'no metadata of the issuer'),
  });
}

function readMetadata(document: JsonObject, issuer: string): IssuerMetadata {
  const { issuer: named, jwks_uri: jwksUri } = document;
  if (named !== issuer) throw new FetchFault('invalid', 'metadata of another issuer');
  // An issuer elsewhere must not make a process of this machine the source of its keys.
  const isDowngrade = issuer.startsWith('https:') && String(jwksUri).startsWith('http:');
  if (typeof jwksUri !== 'string' || findEndpointFault(jwksUri) !== undefined || isDowngrade) {
    throw new FetchFault('invalid', 'no jwks_uri that can be used');
  }
  return { jwksUri };
}
