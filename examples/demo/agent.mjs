import * as oauth from 'oauth4webapi';
import { TOKEN_EXCHANGE } from './token-exchange.mjs';
import { send } from './wire.mjs';

/** @typedef {import('./wire.mjs').Exchange} Exchange */
/**
 * What an API answered.
 *
 * @typedef {object} Answer
 * @property {number} status
 * @property {Record<string, any>} body
 * @property {Readonly<Partial<Record<'error' | 'scope' | 'resource_metadata', string>>>} challenge parameters of the
 *   challenge for the agent's scheme, empty without one
 * @property {Exchange} exchange
 * @property {Exchange} [withoutNonce] the attempt before, when that one was refused for want of a nonce
 */
/**
 * What a challenge leads to: which resource to name, and who issues tokens for it.
 *
 * @typedef {object} Gate
 * @property {string} resource
 * @property {oauth.AuthorizationServer} server
 * @property {Exchange} aboutApi where the resource metadata came from
 * @property {Exchange} aboutServer where the server metadata came from
 */
/**
 * @typedef {object} Badge
 * @property {string} token
 * @property {string} scope
 * @property {string | undefined} idToken
 * @property {Exchange} exchange
 */

/**
 * An AI agent's HTTP side, made of oauth4webapi. It has a client id and a secret, and is told the address of an API;
 * everything else it reads from answers.
 */
export class Agent {
  #client;
  #authentication;
  #dpop;

  /**
   * @param {object} identity
   * @param {string} identity.name
   * @param {string} identity.secret
   * @param {oauth.CryptoKeyPair} [identity.keys] what its tokens are bound to (RFC 9449), except those by
   *   exchange: our authorization server does not bind them. Without keys they are bearer tokens
   */
  constructor({ name, secret, keys }) {
    this.#client = { client_id: name };
    this.#authentication = oauth.ClientSecretBasic(secret);
    this.#dpop = keys && oauth.DPoP(this.#client, keys);
  }

  /**
   * An agent with a new key pair. The private key cannot be exported.
   *
   * @param {{ name: string, secret: string }} identity
   */
  static async withKeys(identity) {
    return new Agent({ ...identity, keys: await oauth.generateKeyPair('ES256') });
  }

  /**
   * Calls an API, and once more when all it wants is a nonce. A refusal is an answer, not an exception.
   *
   * @param {string} method
   * @param {string} url
   * @param {string} [token]
   * @param {object} [body] sent as JSON
   * @returns {Promise<Answer>}
   */
  async call(method, url, token, body) {
    const first = await this.#attempt(method, url, token, body);
    // RFC 9449 §9: the nonce came with the refusal. oauth4webapi keeps it for this API, and takes each newer one.
    if (first.challenge.error !== 'use_dpop_nonce') return first;
    return { ...(await this.#attempt(method, url, token, body)), withoutNonce: first.exchange };
  }

  /**
   * @param {string} method
   * @param {string} url
   * @param {string | undefined} token
   * @param {object | undefined} body
   * @returns {Promise<Answer>}
   */
  async #attempt(method, url, token, body) {
    const wire = token === undefined ? tap({ anonymous: true }) : tap({ dpop: this.#dpop });
    const headers = new Headers(body && { 'content-type': 'application/json' });
    const payload = body && JSON.stringify(body);
    const { response, challenges } = await oauth
      .protectedResourceRequest(token ?? 'none', method, new URL(url), headers, payload, wire.options)
      .then((response) => ({ response, challenges: [] }), challengesOf);
    return {
      status: response.status,
      body: await response.json(),
      challenge: challenges.find(({ scheme }) => scheme === (this.#dpop ? 'dpop' : 'bearer'))?.parameters ?? {},
      exchange: wire.exchange,
    };
  }

  /**
   * Calls, and does what a refusal says, once: finds the authorization server, gets a token with the scope that the
   * challenge names, calls again. Where the server does not give that token, the refusal stands.
   *
   * @param {string} method
   * @param {string} url
   * @param {object} options
   * @param {string} options.api
   * @param {string} [options.token] to begin with
   * @param {object} [options.body]
   * @param {(gate: Gate, scope: string) => Promise<Badge>} options.obtain how this agent gets tokens
   * @returns {Promise<{ first: Answer, last: Answer, badge?: Badge, denied?: string }>} `denied`: the server's reason
   */
  async callAndRecover(method, url, { api, token, body, obtain }) {
    const first = await this.call(method, url, token, body);
    const { scope, error } = first.challenge;
    // A 403 for another reason than scopes is final: more scopes would not help.
    if (scope === undefined || (first.status === 403 && error !== 'insufficient_scope')) return { first, last: first };
    const gate = await this.discover(first, api);
    try {
      const badge = await obtain(gate, scope);
      return { first, last: await this.call(method, url, badge.token, body), badge };
    } catch (reason) {
      if (!(reason instanceof oauth.ResponseBodyError)) throw reason;
      return { first, last: first, denied: reason.error };
    }
  }

  /**
   * From a challenge to the authorization server: RFC 9728 §5.1, then RFC 8414 §3.
   *
   * @param {Answer} answer
   * @param {string} api the address that the agent was told. Metadata about anything else is refused (RFC 9728 §3.3)
   * @returns {Promise<Gate>}
   */
  async discover({ challenge }, api) {
    const url = challenge.resource_metadata;
    if (url === undefined) throw new Error('The challenge does not say where the metadata is.');
    const { response, exchange: aboutApi } = await send(url, { headers: { accept: 'application/json' } });
    const metadata = await oauth.processResourceDiscoveryResponse(new URL(api), response);

    const wire = tap();
    const issuer = new URL(metadata.authorization_servers?.[0] ?? '');
    const found = await oauth.discoveryRequest(issuer, { ...wire.options, algorithm: 'oauth2' });
    const server = await oauth.processDiscoveryResponse(issuer, found);
    return { resource: metadata.resource, server, aboutApi, aboutServer: wire.exchange };
  }

  /**
   * A token for the agent acting for itself (RFC 6749 §4.4).
   *
   * @param {Gate} gate
   * @param {string} scope
   * @returns {Promise<Badge>}
   */
  async actForItself({ server, resource }, scope) {
    const wire = tap({ dpop: this.#dpop });
    const response = await oauth.clientCredentialsGrantRequest(
      server,
      this.#client,
      this.#authentication,
      { resource, scope },
      wire.options,
    );
    return badge(await oauth.processClientCredentialsResponse(server, this.#client, response), wire.exchange);
  }

  /**
   * Gives a token up (RFC 7009).
   *
   * @param {Gate} gate
   * @param {string} token
   * @returns {Promise<Exchange>}
   */
  async revoke({ server }, token) {
    const wire = tap();
    const response = await oauth.revocationRequest(server, this.#client, this.#authentication, token, wire.options);
    await oauth.processRevocationResponse(response);
    return wire.exchange;
  }

  /**
   * A token for the agent acting for whoever the given token is about (RFC 8693 §2).
   *
   * @param {Gate} gate
   * @param {string} scope
   * @param {string} subjectToken
   * @returns {Promise<Badge>}
   */
  async actFor({ server, resource }, scope, subjectToken) {
    const wire = tap();
    const response = await oauth.genericTokenEndpointRequest(
      server,
      this.#client,
      this.#authentication,
      TOKEN_EXCHANGE,
      {
        subject_token: subjectToken,
        subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        resource,
        scope,
      },
      wire.options,
    );
    return badge(await oauth.processGenericTokenEndpointResponse(server, this.#client, response), wire.exchange);
  }

  /**
   * A token that a person grants in their browser (RFC 6749 §4.1, with PKCE: RFC 7636).
   *
   * @param {Gate} gate
   * @param {string} scope
   * @param {{ browser: import('./browser.mjs').Browser, redirectUri: string }} person
   * @returns {Promise<Badge>}
   */
  async askPerson({ server, resource }, scope, { browser, redirectUri }) {
    const verifier = oauth.generateRandomCodeVerifier();
    const state = oauth.generateRandomState();
    const address = new URL(server.authorization_endpoint ?? '');
    address.search = String(
      new URLSearchParams({
        response_type: 'code',
        client_id: this.#client.client_id,
        redirect_uri: redirectUri,
        resource,
        scope,
        state,
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      }),
    );
    const callback = await browser.visit(address, redirectUri);

    const wire = tap({ dpop: this.#dpop });
    const response = await oauth.authorizationCodeGrantRequest(
      server,
      this.#client,
      this.#authentication,
      oauth.validateAuthResponse(server, this.#client, callback, state),
      redirectUri,
      verifier,
      { ...wire.options, additionalParameters: { resource } },
    );
    return badge(await oauth.processAuthorizationCodeResponse(server, this.#client, response), wire.exchange);
  }
}

/**
 * Lets oauth4webapi send one request over loopback http, and keeps what went over the wire.
 *
 * @param {{ anonymous?: boolean, dpop?: oauth.DPoPHandle | undefined }} [request]
 */
function tap({ anonymous = false, dpop } = {}) {
  /** @type {Exchange | undefined} */
  let exchange;
  return {
    options: {
      [oauth.allowInsecureRequests]: true,
      ...(dpop && { DPoP: dpop }),
      /** @param {string} url @param {any} init */
      async [oauth.customFetch](url, init) {
        // oauth4webapi calls APIs with a token only. The call that asks what token is needed has none yet.
        if (anonymous) delete init.headers.authorization;
        const sent = await send(url, init);
        exchange = sent.exchange;
        return sent.response;
      },
    },
    get exchange() {
      if (exchange === undefined) throw new Error('Nothing was sent.');
      return exchange;
    },
  };
}

/** oauth4webapi throws challenges. @param {unknown} error */
function challengesOf(error) {
  if (!(error instanceof oauth.WWWAuthenticateChallengeError)) throw error;
  return { response: error.response, challenges: error.cause };
}

/** @param {oauth.TokenEndpointResponse} response @param {Exchange} exchange @returns {Badge} */
function badge(response, exchange) {
  return {
    token: response.access_token,
    scope: response.scope ?? '',
    idToken: response.id_token,
    exchange,
  };
}
