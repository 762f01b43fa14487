import { InvalidRequestError, MissingTokenError } from '../errors.ts';
import type { HttpRequest } from './request.ts';

/** Authentication schemes of access tokens (RFC 6750 §2.1, RFC 9449 §7.1). */
export const accessTokenSchemes = ['Bearer', 'DPoP'] as const;

export type AccessTokenScheme = (typeof accessTokenSchemes)[number];

/** What a request presents to be let in. */
export interface Credentials {
  readonly scheme: AccessTokenScheme;
  readonly token: string;
}

// RFC 9110 §11.4: credentials = auth-scheme [ 1*SP ( token68 / #auth-param ) ]
const schemeGrammar = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)( +|$)/;
const token68Grammar = /^[A-Za-z0-9._~+/-]+=*$/;

/** True where the request has no `Authorization` field at all, which is the only way to be anonymous. */
export function isAnonymous(request: HttpRequest): boolean {
  return request.headers['authorization'] === undefined && request.truncated !== true;
}

/**
 * The credentials of the one `Authorization` field (RFC 9110 §11.6.2, RFC 6750 §2.1). Tokens in the query, the body or a
 * cookie are never looked at (RFC 9700 §4.3.2). Credentials longer than `maxBytes` are refused before they are parsed.
 *
 * @throws MissingTokenError without the field, or with a scheme that is not served (RFC 6750 §3.1)
 * @throws InvalidRequestError when the field is repeated, too long or not of the grammar, or when fields were dropped
 */
export function parseCredentials(
  request: HttpRequest,
  maxBytes: number,
  schemes: readonly AccessTokenScheme[] = accessTokenSchemes,
): Credentials {
  if (request.truncated === true) throw new InvalidRequestError('ERR_FIELDS_TRUNCATED');
  const [field, ...others] = request.headers['authorization'] ?? [];
  if (field === undefined) throw new MissingTokenError('ERR_TOKEN_ABSENT');
  if (others.length > 0) throw new InvalidRequestError('ERR_AUTHORIZATION_REPEATED');

  const prefix = schemeGrammar.exec(field.slice(0, 64));
  if (prefix === null) throw new InvalidRequestError('ERR_AUTHORIZATION_MALFORMED');
  const scheme = schemes.find((name) => name.toLowerCase() === prefix[1]?.toLowerCase());
  if (scheme === undefined) throw new MissingTokenError('ERR_SCHEME_UNSUPPORTED');

  const start = prefix[0].length;
  if (field.length - start > maxBytes) throw new InvalidRequestError('ERR_AUTHORIZATION_TOO_LARGE');
  const token = field.slice(start).replace(/^ +/, '');
  if (!token68Grammar.test(token)) throw new InvalidRequestError('ERR_AUTHORIZATION_MALFORMED');
  return { scheme, token };
}
