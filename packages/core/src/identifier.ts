/**
 * Identifiers of resources and issuers are URLs that are compared byte for byte (RFC 9728 §6, RFC 8414 §3.3), so they
 * are taken apart as text: a round trip through `URL` would add slashes and change case.
 */
const identifier =
  /^(?<scheme>https?):\/\/(?<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~-]+)(?::[0-9]{1,5})?(?<path>\/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*)?$/;

const shape = 'must be an absolute http(s) URL of ASCII characters, without user, query or fragment';

/** What is wrong with an identifier, or undefined. Plain http is for loopback hosts alone. */
export function findIdentifierFault(text: string): string | undefined {
  const parts = identifier.exec(text)?.groups;
  if (parts === undefined || !URL.canParse(text)) return shape;
  // A client that normalizes URLs never asks for such a path, and to URL an escaped dot is one too.
  if (/\/(?:\.|%2e){1,2}(?:\/|$)/i.test(parts['path'] ?? '')) return 'must not have the path segments . and ..';
  return parts['scheme'] === 'http' && !isLoopback(parts['host'] ?? '')
    ? 'must be https: http is for loopback'
    : undefined;
}

/** What is wrong with the URL of an endpoint: as identifiers, but a query is fine. */
export function findEndpointFault(text: string): string | undefined {
  const query = text.indexOf('?');
  const fault = findIdentifierFault(query === -1 ? text : text.slice(0, query));
  return fault ?? (URL.canParse(text) && !text.includes('#') ? undefined : 'must be a URL without a fragment');
}

/** What is wrong with the URL of a page for people: as endpoints, but a fragment is fine. */
export function findPageFault(text: string): string | undefined {
  const [page = ''] = text.split('#', 1);
  return findEndpointFault(page) ?? (/^[\x21-\x7E]+$/.test(text) ? undefined : 'must be a URL of ASCII characters');
}

function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])$/i.test(host);
}

/** The origin and the path of an identifier, as written. */
export function splitIdentifier(text: string): { readonly origin: string; readonly path: string } {
  const slash = text.indexOf('/', text.indexOf('://') + 3);
  return slash === -1 ? { origin: text, path: '' } : { origin: text.slice(0, slash), path: text.slice(slash) };
}
