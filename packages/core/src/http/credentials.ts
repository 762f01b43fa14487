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
const schemeGrammar = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const token68Grammar = /^[A-Za-z0-9._~+/-]+=*$/;

/** No scheme is looked for beyond this. */
const longestPrefix = 64;

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
  const credentials = splitCredentials(request, maxBytes, schemes);
  refuseOtherThanToken68(credentials.token);
  return credentials;
}

/**
 * The same, where the token may be anything that has the length: whoever has seen these very bytes pass
 * `refuseOtherThanToken68` need not read them once more.
 *
 * @throws MissingTokenError, InvalidRequestError
 */
export function splitCredentials(
  request: HttpRequest,
  maxBytes: number,
  schemes: readonly AccessTokenScheme[],
): Credentials {
  if (request.truncated === true) throw new InvalidRequestError('ERR_FIELDS_TRUNCATED');
  const lines = request.headers['authorization'];
  const field = lines?.[0];
  if (lines === undefined || field === undefined) throw new MissingTokenError('ERR_TOKEN_ABSENT');
  if (lines.length > 1) throw new InvalidRequestError('ERR_AUTHORIZATION_REPEATED');

  const space = field.slice(0, longestPrefix).indexOf(' ');
  const name = field.slice(0, space === -1 ? longestPrefix : space);
  const scheme = schemes.find((one) => one === name || one.toLowerCase() === name.toLowerCase());
  if (scheme === undefined) {
    throw schemeGrammar.test(name)
      ? new MissingTokenError('ERR_SCHEME_UNSUPPORTED')
      : new InvalidRequestError('ERR_AUTHORIZATION_MALFORMED');
  }
  const start = skipSpaces(field, name.length, longestPrefix);
  if (field.length - start > maxBytes) throw new InvalidRequestError('ERR_AUTHORIZATION_TOO_LARGE');
  return { scheme, token: field.slice(skipSpaces(field, start, field.length)) };
}

/** @throws InvalidRequestError */
export function refuseOtherThanToken68(token: string): void {
  if (!token68Grammar.test(token)) throw new InvalidRequestError('ERR_AUTHORIZATION_MALFORMED');
}

function skipSpaces(text: string, from: number, to: number): number {
  let at = from;
  while (at < to && text[at] === ' ') at += 1;
  return at;
}
