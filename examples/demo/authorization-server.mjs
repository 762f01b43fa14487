import { randomBytes } from 'node:crypto';
import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { createLogin } from './login.mjs';
import { openPort } from './loopback.mjs';
import { createStorage } from './storage.mjs';
import { registerTokenExchange, TOKEN_EXCHANGE } from './token-exchange.mjs';

const { errors, Provider } = await importQuietly();

/**
 * @typedef {object} ResourceSettings
 * @property {string} resource identifier as clients name it (RFC 8707), and `aud` of its tokens
 * @property {readonly string[]} scopes
 * @property {'jwt' | 'opaque'} [tokens] what its tokens look like. Default: jwt
 */
/**
 * @typedef {object} ClientSettings
 * @property {string} id
 * @property {readonly ('client_credentials' | 'authorization_code' | 'token_exchange')[]} grants none: an API, which may
 *   ask about the tokens for any resource
 * @property {Readonly<Record<string, readonly string[]>>} may the scopes it can get, by resource
 * @property {readonly string[]} [redirectUris] for authorization_code
 */
/**
 * @typedef {object} AuthorizationServerOptions
 * @property {readonly ResourceSettings[]} resources
 * @property {readonly ClientSettings[]} clients
 * @property {readonly string[]} [people] who can log in
 * @property {number} [accessTokenSeconds]
 */

/**
 * A real OpenID provider on loopback: JWT access tokens (RFC 9068) for the resource that was named (RFC 8707), by
 * authorization code with PKCE, client credentials and token exchange (RFC 8693); the first two bind the token to a key
 * when the request has a proof of it (RFC 9449). Opaque tokens are for resources that ask about them (RFC 7662), and can be
 * revoked by their clients (RFC 7009). Client secrets and passwords are made up anew for each server.
 *
 * @param {AuthorizationServerOptions} options
 */
export async function startAuthorizationServer(options) {
  const port = await openPort();
  try {
    return await serveOn(port, options);
  } catch (error) {
    await port.close();
    throw error;
  }
}

/** @param {Awaited<ReturnType<typeof openPort>>} port @param {AuthorizationServerOptions} options */
async function serveOn({ origin, serve, close }, { resources, clients, people = [], accessTokenSeconds = 300 }) {
  // RFC 9068 §5: a client with the name of a person would be taken for that person.
  const namesake = clients.find(({ id }) => people.includes(id));
  if (namesake) throw new Error(`A client and a person are both called ${namesake.id}.`);

  const key = await makeSigningKey();
  const secrets = inventSecrets(clients.map(({ id }) => id));
  const passwords = inventSecrets(people);

  /**
   * Decides what a client may have at a resource, whatever the grant. A scope too many is refused instead of dropped:
   * a caller that was told no does not come back with the same token.
   *
   * @param {string} resource @param {string} clientId @param {readonly string[]} scopes
   */
  function describeResource(resource, clientId, scopes) {
    const known = resources.find((candidate) => candidate.resource === resource);
    const allowed = clients.find(({ id }) => id === clientId)?.may[resource];
    if (!known || !allowed) throw new errors.InvalidTarget();
    const excess = scopes.filter((scope) => scope !== 'openid' && !allowed.includes(scope));
    if (excess.length > 0) throw new errors.InvalidScope('the client may not have this scope', excess.join(' '));
    return {
      audience: resource,
      scope: known.scopes.filter((scope) => allowed.includes(scope)).join(' '),
      accessTokenFormat: known.tokens ?? 'jwt',
      accessTokenTTL: accessTokenSeconds,
      jwt: { sign: { alg: 'ES256' } },
    };
  }

  const provider = new Provider(origin, {
    adapter: createStorage(),
    jwks: { keys: [key.private] },
    cookies: { keys: [inventSecret()] },
    clients: clients.map((client) => registration(client, secrets)),
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    clientAuthMethods: ['client_secret_basic'],
    responseTypes: ['code'],
    scopes: ['openid'],
    pkce: { required: () => true },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      dPoP: { enabled: true },
      rpInitiatedLogout: { enabled: false },
      userinfo: { enabled: false },
      introspection: {
        enabled: true,
        allowedPolicy: (_ctx, client) =>
          clients.some(({ id, grants }) => id === client.clientId && grants.length === 0),
      },
      revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (ctx, resource, client) =>
          describeResource(resource, client.clientId, [...ctx.oidc.requestParamScopes]),
      },
    },
    extraTokenClaims: (_ctx, token) => (token.act ? { act: token.act } : undefined),
    findAccount: (_ctx, id) => (people.includes(id) ? { accountId: id, claims: () => ({ sub: id }) } : undefined),
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    clientBasedCORS: () => false,
    renderError(ctx, body) {
      ctx.type = 'json';
      ctx.body = body;
    },
    ttl: {
      AccessToken: accessTokenSeconds,
      AuthorizationCode: 60,
      ClientCredentials: accessTokenSeconds,
      Grant: 600,
      IdToken: accessTokenSeconds,
      Interaction: 600,
      Session: 600,
    },
  });
  provider.on('server_error', (_ctx, error) => console.error(error));
  registerTokenExchange({ provider, errors, keys: createLocalJWKSet({ keys: [key.public] }), describeResource });
  // The provider looks at a client when it is first used. Settings that it does not take should fail the start instead.
  await Promise.all(clients.map(({ id }) => provider.Client.find(id)));

  const login = createLogin(provider, passwords);
  const oauth = provider.callback();
  serve((request, response) => {
    const handle = request.url?.startsWith('/interaction/') ? login : oauth;
    return handle(request, response);
  });

  return {
    issuer: origin,
    secrets,
    passwords,
    /**
     * Signs whatever it is given with the server's real key: how to make a token whose one defect is not the signature.
     *
     * @param {import('jose').JWTPayload} claims
     * @param {Partial<import('jose').JWTHeaderParameters>} [header]
     */
    sign: (claims, header) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: key.kid, ...header })
        .sign(key.privateKey),
    close,
  };
}

/** @param {ClientSettings} client @param {Readonly<Record<string, string>>} secrets */
function registration({ id, grants, redirectUris = [] }, secrets) {
  return {
    client_id: id,
    client_secret: secrets[id],
    grant_types: grants.map((grant) => (grant === 'token_exchange' ? TOKEN_EXCHANGE : grant)),
    response_types: grants.includes('authorization_code') ? ['code'] : [],
    redirect_uris: [...redirectUris],
  };
}

async function makeSigningKey() {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const kid = randomBytes(4).toString('hex');
  const describe = { kid, alg: 'ES256', use: 'sig' };
  return {
    kid,
    privateKey,
    private: { ...(await exportJWK(privateKey)), ...describe },
    public: { ...(await exportJWK(publicKey)), ...describe },
  };
}

const inventSecret = () => randomBytes(24).toString('base64url');

/** @param {readonly string[]} names @returns {Readonly<Record<string, string>>} */
function inventSecrets(names) {
  return Object.fromEntries(names.map((name) => [name, inventSecret()]));
}

/** oidc-provider says at import that it prefers a newer Node than 20; a demonstration has its own things to say. */
async function importQuietly() {
  const { warn } = console;
  console.warn = () => {};
  try {
    return await import('oidc-provider');
  } finally {
    console.warn = warn;
  }
}
