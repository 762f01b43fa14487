import { createHash, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { createTestIssuer } from '@gatehouse/testing';

/** The API that everything is for. */
export const resource = 'https://api.example.com';

/** @typedef {Awaited<ReturnType<typeof createFixture>>} Fixture */
/** @typedef {ReturnType<Fixture['createAgent']>} Agent */
/** @typedef {import('@gatehouse/core').HttpRequest} HttpRequest */
/** @typedef {import('node:crypto').KeyObject} KeyObject */

/**
 * An issuer on loopback. Its tokens are made here and not by it: it would keep them, and it is memory that is measured.
 *
 * @param {() => number} [now] milliseconds since the epoch
 */
export async function createFixture(now = Date.now) {
  const server = await createTestIssuer({ audience: resource });
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const kid = 'scale';
  server.publish({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' }] });
  const seconds = () => Math.floor(now() / 1000);

  /**
   * An access token (RFC 9068) of an agent that acts for a user; no two alike.
   *
   * @param {Readonly<Record<string, unknown>>} [claims]
   * @param {Readonly<Record<string, unknown>>} [header]
   */
  function mint(claims, header) {
    const iat = seconds();
    return write(
      privateKey,
      { alg: 'ES256', typ: 'at+jwt', kid, ...header },
      {
        iss: server.issuer,
        sub: 'alice',
        client_id: 'assistant',
        aud: resource,
        scope: 'read:data write:data',
        act: { sub: 'agent-7' },
        iat,
        exp: iat + 36_000,
        jti: randomUUID(),
        ...claims,
      },
    );
  }

  let keyFetches = 0;

  return {
    issuer: server.issuer,
    /** How it is asked about opaque tokens. */
    introspection: server.introspection,
    mint,
    /** How often its keys were fetched so far. The issuer keeps a list of what it was asked, which goes here: a flood makes it long. */
    countKeyFetches() {
      keyFetches += server.requests.filter(({ path }) => server.jwksUri.endsWith(path)).length;
      /** @type {unknown[]} */ (server.requests).length = 0;
      return keyFetches;
    },
    /** An agent with a key and a token of its own. */
    createAgent() {
      const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const { crv, kty, x, y } = keys.publicKey.export({ format: 'jwk' });
      const jwk = { crv, kty, x, y };
      const token = mint({ cnf: { jkt: sha256(JSON.stringify(jwk)) } });
      const ath = sha256(token);
      return {
        token,
        jwk,
        /** A request with a new proof. */
        prove() {
          const claims = { jti: randomUUID(), htm: 'GET', htu: `${resource}/data`, iat: seconds(), ath };
          return withProof(token, write(keys.privateKey, { typ: 'dpop+jwt', alg: 'ES256', jwk }, claims));
        },
      };
    },
    close: () => server.close(),
  };
}

/** @param {string} token @returns {HttpRequest} */
export function withToken(token) {
  return { method: 'GET', target: '/data', headers: { ...ofEveryRequest, authorization: [`Bearer ${token}`] } };
}

/** @param {string} token @param {string} proof @returns {HttpRequest} */
export function withProof(token, proof) {
  const headers = { ...ofEveryRequest, authorization: [`DPoP ${token}`], dpop: [proof] };
  return { method: 'GET', target: '/data', headers };
}

const ofEveryRequest = { host: ['api.example.com'], 'user-agent': ['agent/1.0'], accept: ['application/json'] };

/**
 * @param {KeyObject} key an ES256 one
 * @param {object} header
 * @param {object} claims
 */
function write(key, header, claims) {
  const input = `${encode(header)}.${encode(claims)}`;
  const signature = sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
  return `${input}.${signature.toString('base64url')}`;
}

/** @param {object} value */
export const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** @param {string} text */
const sha256 = (text) => createHash('sha256').update(text).digest('base64url');
