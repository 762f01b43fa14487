import { jwtVerify } from 'jose';

export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';

/** What the grant reads; the two it refuses are read too, because ignoring them would answer another question. */
const PARAMETERS = [
  'subject_token',
  'subject_token_type',
  'requested_token_type',
  'resource',
  'scope',
  'actor_token',
  'audience',
];

/**
 * RFC 8693 for oidc-provider: an agent hands in a token that somebody gave it, and gets one that says so. The subject
 * stays, the agent becomes the current actor, whoever acted before moves one level down.
 *
 * @param {object} server
 * @param {any} server.provider
 * @param {typeof import('oidc-provider').errors} server.errors
 * @param {import('jose').JWTVerifyGetKey} server.keys the server's own public keys
 * @param {(resource: string, clientId: string, scopes: string[]) => any} server.describeResource throws what the client may not have
 */
export function registerTokenExchange({ provider, errors, keys, describeResource }) {
  /** @param {any} ctx */
  async function exchange(ctx) {
    const { params, client } = ctx.oidc;
    if (params.actor_token !== undefined) {
      throw new errors.InvalidRequest('the actor is the authenticated client: actor_token is not supported');
    }
    if (params.audience !== undefined) throw new errors.InvalidTarget('name the target by resource, not by audience');
    const types = [params.subject_token_type, params.requested_token_type ?? ACCESS_TOKEN];
    if (types.some((type) => type !== ACCESS_TOKEN)) {
      throw new errors.InvalidRequest('only access tokens are exchanged, and only for access tokens');
    }

    const subject = await readSubjectToken(params.subject_token);
    const resource = params.resource ?? subject.aud;
    if (resource !== subject.aud) throw new errors.InvalidTarget('the subject token was issued for another resource');

    // Delegation hands on part of what one has, never more: the client's own rights and the subject token's both limit.
    const held = subject.scope?.split(' ') ?? [];
    const asked = params.scope?.split(' ') ?? held;
    const widened = asked.filter((/** @type {string} */ scope) => !held.includes(scope));
    if (widened.length > 0) throw new errors.InvalidScope('the subject token lacks this scope', widened.join(' '));

    const target = describeResource(resource, client.clientId, asked);
    const secondsLeft = subject.exp - Math.floor(Date.now() / 1000);
    const token = new provider.AccessToken({
      accountId: subject.sub,
      client,
      resourceServer: new provider.ResourceServer(resource, target),
      scope: asked.join(' ') || undefined,
      gty: 'token_exchange',
      expiresIn: Math.max(1, Math.min(target.accessTokenTTL, secondsLeft)),
    });
    token.act = nestActors(client.clientId, subject);
    ctx.oidc.entity('AccessToken', token);

    ctx.body = {
      access_token: await token.save(),
      issued_token_type: ACCESS_TOKEN,
      token_type: token.tokenType,
      expires_in: token.expiration,
      scope: token.scope,
    };
  }

  /** @param {unknown} token */
  async function readSubjectToken(token) {
    try {
      const { payload } = await jwtVerify(/** @type {string} */ (token), keys, {
        issuer: provider.issuer,
        typ: 'at+jwt',
        algorithms: ['ES256'],
        requiredClaims: ['sub', 'aud', 'exp', 'client_id'],
      });
      // Without a proof of possession an exchange would turn a bound token into one that anybody can use.
      if (payload.cnf !== undefined) throw new Error('sender-constrained');
      return /** @type {{ sub: string, aud: string, exp: number, client_id: string, scope?: string, act?: { sub?: unknown } }} */ (
        payload
      );
    } catch {
      // RFC 8693 §2.2.2: an invalid subject token is `invalid_request`, not `invalid_grant`.
      throw new errors.InvalidRequest('the subject token is not a valid access token of this server');
    }
  }

  provider.registerGrantType(TOKEN_EXCHANGE, exchange, PARAMETERS);
}

/**
 * RFC 8693 §4.1: the outermost `act` is the current actor, the nested ones are history. A token without `act` that its
 * subject did not fetch itself was fetched by a client acting for the subject: that client is the history's first entry.
 *
 * @param {string} actor
 * @param {{ sub: string, client_id: string, act?: { sub?: unknown } }} subject
 */
function nestActors(actor, subject) {
  const history = subject.act ?? (subject.client_id === subject.sub ? undefined : { sub: subject.client_id });
  const acting = history?.sub ?? subject.sub;
  // Whoever narrows a token of its own does not act a second time.
  if (acting === actor) return history;
  return history ? { sub: actor, act: history } : { sub: actor };
}
