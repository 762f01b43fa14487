import { InvalidRequestError } from '../errors.ts';
import { splitTarget } from '../http/request.ts';
import { splitIdentifier } from '../identifier.ts';

/**
 * `htu` names the target URI of a request without query and fragment (RFC 9449 §4.2). Both sides are normalized by syntax
 * and scheme (RFC 3986 §6.2.2, §6.2.3), as text: the WHATWG parser turns backslashes into slashes, decodes nothing that
 * is unreserved, and forgives what no URI has.
 */
const uri =
  /^(?<scheme>https?):\/\/(?<host>\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+)(?::(?<port>[0-9]{0,5}))?(?<path>(?:\/(?:[A-Za-z0-9._~!$&'()*+,;=:@[\]^|-]|%[0-9A-Fa-f]{2})*)*)(?:\?[^#\s]*)?(?:#\S*)?$/i;

const defaultPorts: Readonly<Record<string, string>> = { http: '80', https: '443' };

/** The normalized form of an absolute http(s) URI, query and fragment dropped, or undefined where it is none. */
export function normalizeUri(text: string): string | undefined {
  const parts = uri.exec(text)?.groups;
  if (parts === undefined) return undefined;
  const { scheme = '', host = '', port = '', path = '' } = parts;
  const lowerScheme = scheme.toLowerCase();
  const normalizedHost = normalizeHost(host);
  if (normalizedHost === undefined) return undefined;
  const portNumber = port.replace(/^0+(?=.)/, '');
  const authority = portNumber === '' || portNumber === defaultPorts[lowerScheme] ? '' : `:${portNumber}`;
  return `${lowerScheme}://${normalizedHost}${authority}${normalizePath(path)}`;
}

/** An IPv6 address has many texts: the one of RFC 5952, which is what URL parsers write, or undefined where it is none. */
function normalizeHost(host: string): string | undefined {
  if (!host.startsWith('[')) return normalizeEscapes(host).toLowerCase();
  return URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : undefined;
}

/** Escapes, dot segments, and the slash that an empty path stands for. */
function normalizePath(path: string): string {
  return removeDotSegments(escapeStray(normalizeEscapes(path))) || '/';
}

/** What a path should have escaped, and clients do not. */
function escapeStray(path: string): string {
  return path.replace(/[[\]^|]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Unreserved characters are never escaped, and escapes are upper case (RFC 3986 §6.2.2.1, §6.2.2.2). `%2F` stays. */
function normalizeEscapes(text: string): string {
  if (!text.includes('%')) return text;
  return text.replace(/%[0-9A-Fa-f]{2}/g, (escaped) => {
    const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
    return /[A-Za-z0-9._~-]/.test(character) ? character : escaped.toUpperCase();
  });
}

/** RFC 3986 §5.2.4, for a path that is empty or starts with a slash. */
function removeDotSegments(path: string): string {
  if (!path.includes('/.')) return path;
  const segments = path.slice(1).split('/');
  const kept: string[] = [];
  for (const [index, segment] of segments.entries()) {
    const isLast = index === segments.length - 1;
    if (segment === '..') kept.pop();
    if (segment !== '.' && segment !== '..') kept.push(segment);
    else if (isLast) kept.push('');
  }
  return `/${kept.join('/')}`;
}

/**
 * The characters of a path (RFC 3986 §3.3), and `[ ] ^ |`, which are none but which the URL parser of browsers and Node
 * leaves as they are; after one slash and not two: that would be an authority.
 */
const originForm = /^\/(?!\/)(?:[A-Za-z0-9._~!$&'()*+,;=:@/[\]^|-]|%[0-9A-Fa-f]{2})*$/;

/** A path of which nothing has to be normalized, as most are: no escapes, no stray characters, no segment with a dot in front. */
const plainPath = /^(?:\/[A-Za-z0-9_~!$&'()*+,;=:@-][A-Za-z0-9._~!$&'()*+,;=:@-]*)+\/?$/;

/** The URIs under which callers see this server. */
export interface TargetUris {
  /**
   * The target URI of a request (RFC 9110 §7.1), normalized: its target behind the public URL of this server.
   *
   * @throws InvalidRequestError where the target is not one that a proof can name
   */
  of(target: string): string;
  /** What the `htu` of a proof has to be compared as, or undefined where it is no http(s) URI. */
  read(htu: string): string | undefined;
}

/**
 * @param publicUrl origin, and path prefix, under which callers see this server; `Host` and `X-Forwarded-*` are never read
 */
export function createTargetUris(publicUrl: string): TargetUris {
  const { origin, path } = splitIdentifier(publicUrl);
  const base = normalizeUri(origin)?.slice(0, -1) ?? origin;
  const prefix = path.endsWith('/') ? path.slice(0, -1) : path;
  const root = `${base}${normalizeEscapes(prefix)}`;

  return {
    of(target) {
      if (plainPath.test(target)) return `${root}${target}`;
      const { origin: named, path } = splitTarget(target);
      // A target in absolute form names our origin, or is not for us.
      const isForeign = named !== undefined && normalizeUri(named) !== `${base}/`;
      if (isForeign || !originForm.test(path)) throw new InvalidRequestError('ERR_TARGET_MALFORMED');
      const normalized = escapeStray(normalizeEscapes(path));
      // A router serves what it sees: it does not resolve dots, so that nothing else may be compared.
      if (/\/\.\.?(?:\/|$)/.test(normalized)) throw new InvalidRequestError('ERR_TARGET_MALFORMED');
      return `${root}${normalized}`;
    },
    read(htu) {
      const uri = normalizeUri(htu);
      // Whoever strips a prefix makes a slash of it and of it with a slash: it is one URI, as an origin is.
      return uri === root ? `${root}/` : uri;
    },
  };
}
