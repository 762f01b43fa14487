import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { createLocalJWKSet, type JWK, jwtVerify } from 'jose';

/** An API that may ask a test issuer about tokens. */
export interface TestResourceServer {
  /** Default: `'api-1'`. */
  readonly clientId?: string;
  /** What it may authenticate with, in the `Authorization` field or in the form. Default: `['api-1-secret']`. */
  readonly secrets?: readonly string[];
  /** The public keys of its client assertions (RFC 7523). Default: none. */
  readonly jwks?: { readonly keys: readonly JWK[] };
}

/** Whether a question comes from the resource server (RFC 7662 §2.1). */
export type AuthenticateQuestion = (headers: IncomingHttpHeaders, form: URLSearchParams) => Promise<boolean>;

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** Takes one way to authenticate at a time (RFC 6749 §2.3), and a client assertion once. */
export function createQuestionAuthenticator(options: {
  readonly issuer: string;
  readonly clock: { now(): number };
  readonly clientId: string;
  readonly secrets: readonly string[];
  readonly jwks: { readonly keys: readonly JWK[] };
}): AuthenticateQuestion {
  const { issuer, clock, clientId, secrets, jwks } = options;
  const keys = createLocalJWKSet({ keys: [...jwks.keys] });
  const usedAssertions = new Set<string>();

  const isSecret = (id: string | null, given: string | null): boolean =>
    id === clientId && given !== null && secrets.some((secret) => isSame(secret, given));

  function isBasic(field: string): boolean {
    const [, encoded] = /^Basic ([A-Za-z0-9+/]+=*)$/.exec(field) ?? [];
    const [id, secret, ...more] = Buffer.from(encoded ?? '', 'base64')
      .toString()
      .split(':');
    if (id === undefined || secret === undefined || more.length > 0) return false;
    return isSecret(decodeForm(id), decodeForm(secret));
  }

  /** RFC 7523 §3: this client, this issuer as the one audience, a minute at most, and a `jti` that was not there before. */
  async function isAssertion(assertion: string): Promise<boolean> {
    try {
      const currentDate = new Date(clock.now());
      const expected = { issuer: clientId, subject: clientId, audience: issuer, currentDate };
      const { payload } = await jwtVerify(assertion, keys, { ...expected, requiredClaims: ['exp', 'iat', 'jti'] });
      const { aud, exp = 0, iat = 0, jti = '' } = payload;
      if (typeof aud !== 'string' || exp - iat > 60 || usedAssertions.has(jti)) return false;
      usedAssertions.add(jti);
      return true;
    } catch {
      return false;
    }
  }

  return async ({ authorization }, form) => {
    const ways = [authorization ?? null, form.get('client_secret'), form.get('client_assertion')];
    if (ways.filter((way) => way !== null).length !== 1) return false;
    if (authorization !== undefined) return isBasic(authorization);
    if (form.has('client_secret')) return isSecret(form.get('client_id'), form.get('client_secret'));
    return form.get('client_assertion_type') === assertionType && isAssertion(form.get('client_assertion') ?? '');
  };
}

/** RFC 6749 §2.3.1: id and secret are form-encoded before they become a pair. */
function decodeForm(text: string): string | null {
  return new URLSearchParams(`value=${text}`).get('value');
}

function isSame(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}
