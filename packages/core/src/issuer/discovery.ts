import { setTimeout as wait } from 'node:timers/promises';
import { findEndpointFault, splitIdentifier } from '../identifier.ts';
import type { JsonObject } from '../json.ts';
import { FetchFault, type FetchJson } from './fetch-json.ts';

/** What is wanted of the metadata of an authorization server. @throws FetchFault when a document does not have it */
export type ReadMetadata<Wanted> = (document: JsonObject) => Wanted;

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
export async function discover<Wanted>(
  issuer: string,
  fetchJson: FetchJson,
  patienceSeconds: number,
  readMetadata: ReadMetadata<Wanted>,
): Promise<Wanted> {
  async function read(url: string): Promise<Wanted> {
    const document = await fetchJson(url);
    if (document['issuer'] !== issuer) throw new FetchFault('invalid', 'metadata of another issuer');
    return readMetadata(document);
  }

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

/**
 * An endpoint in the metadata of an issuer.
 *
 * @throws FetchFault `absent` when there is none, `invalid` when it cannot be used
 */
export function readEndpoint(members: JsonObject, name: string, issuer: string): string {
  const url = members[name];
  if (url === undefined) throw new FetchFault('absent', `no ${name}`);
  // An issuer elsewhere must not make a process of this machine the source of what it says.
  const isDowngrade = issuer.startsWith('https:') && String(url).startsWith('http:');
  if (typeof url !== 'string' || findEndpointFault(url) !== undefined || isDowngrade) {
    throw new FetchFault('invalid', `no ${name} that can be used`);
  }
  return url;
}

/** What went wrong with a fetch: what answers wrongly is more telling than what does not answer. Anything else is a bug. */
export function kindOfFault(error: unknown): FetchFault['kind'] {
  const faults: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
  const kinds = faults.map((fault) => {
    if (fault instanceof FetchFault) return fault.kind;
    throw fault;
  });
  return (['absent', 'invalid'] as const).find((kind) => kinds.includes(kind)) ?? 'unavailable';
}
