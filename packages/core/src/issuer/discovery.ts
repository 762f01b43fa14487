import { setTimeout as wait } from 'node:timers/promises';
import { findEndpointFault, splitIdentifier } from '../identifier.ts';
import type { JsonObject } from '../json.ts';
import { FetchFault, type FetchJson } from './fetch-json.ts';

/** What we use of the metadata of an authorization server. */
export interface IssuerMetadata {
  readonly jwksUri: string;
}

/**
 * Where the metadata of an issuer can be, in the order of asking: inserted before its path (RFC 8414 §3.1), then where
 * OpenID Connect Discovery 1.0 §4 appends it. A slash that ends the identifier is dropped in both.
 */
export function listMetadataUrls(issuer: string): readonly [oauth: string, openid: string] {
  const { origin, path } = splitIdentifier(issuer);
  const base = path.endsWith('/') ? path.slice(0, -1) : path;
  return [
    `${origin}/.well-known/oauth-authorization-server${base}`,
    `${origin}${base}/.well-known/openid-configuration`,
  ];
}

/**
 * Fetches the metadata of an issuer. A document about another issuer is nobody's: the identifiers must be the same to
 * the byte (RFC 8414 §3.3). The second place is asked when the first has no such document, or keeps silent for
 * `patienceSeconds`; whichever has it first counts.
 *
 * @throws AggregateError of what went wrong at each place
 */
export async function discover(issuer: string, fetchJson: FetchJson, patienceSeconds: number): Promise<IssuerMetadata> {
  const read = async (url: string) => readMetadata(await fetchJson(url), issuer);
  const [oauth, openid] = listMetadataUrls(issuer);
  const first = read(oauth);
  const hasFirst = first.then(
    () => true,
    () => false,
  );
  const patience = wait(patienceSeconds * 1000, false, { ref: false });
  const second = Promise.race([hasFirst, patience]).then((isFound) => (isFound ? first : read(openid)));
  return Promise.any([first, second]);
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
