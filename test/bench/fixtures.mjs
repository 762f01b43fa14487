import { createHash, createPublicKey, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { createTestIssuer } from '@gatehouse/testing';
import { calculateJwkThumbprint } from 'jose';

/** The API that the tokens are for. No request is sent there. */
export const resource = 'https://api.example.com';

export const scope = 'read:data';

/** @typedef {Awaited<ReturnType<typeof createFixture>>} Fixture */

/**
 * What an API is told about its issuer.
 *
 * @typedef {object} Settings
 * @property {string} resource
 * @property {string} issuer
 * @property {string} jwksUri
 * @property {string} publicKey of the issuer, PEM
 * @property {string} scope that every request needs
 */

/** An issuer on loopback with one ES256 key, and the tokens, proofs and requests that every row presents. */
export async function createFixture() {
  const issuer = await createTestIssuer({ audience: resource });
  const [jwk] = issuer.jwks().keys;
  const agentKeys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const agentJwk = agentKeys.publicKey.export({ format: 'jwk' });

  /** @param {Readonly<Record<string, unknown>>} [claims] */
  function mint(claims) {
    const exp = Math.floor(Date.now() / 1000) + 3600;
    return issuer.token({
      sub: 'alice',
      client_id: 'assistant',
      scope: `${scope} write:data`,
      exp,
      act: { sub: 'agent-7' },
      ...claims,
    });
  }

  const boundToken = await mint({ cnf: { jkt: await calculateJwkThumbprint(agentJwk) } });
  const ath = createHash('sha256').update(boundToken).digest('base64url');
  const proofHeader = encode({ typ: 'dpop+jwt', alg: 'ES256', jwk: agentJwk });

  const publicKey = createPublicKey({ key: /** @type {import('node:crypto').JsonWebKey} */ (jwk), format: 'jwk' });
  /** @type {Settings} */
  const settings = {
    resource,
    issuer: issuer.issuer,
    jwksUri: issuer.jwksUri,
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    scope,
  };

  return {
    issuer,
    publicKey,
    settings,
    /** The token of every row that presents the same one again and again. */
    token: await mint(),
    /** Another one, with these claims over those of `token`. */
    mint,
    /** The token of every row that proves possession, each time anew. */
    boundToken,
    /** @param {number} count how many tokens, no two alike */
    mintMany: (count) => Promise.all(Array.from({ length: count }, () => mint())),
    /** A new DPoP proof for `boundToken`, by ES256. */
    prove() {
      const iat = Math.floor(Date.now() / 1000);
      const payload = encode({ jti: randomUUID(), htm: 'GET', htu: `${resource}/data`, iat, ath });
      const input = `${proofHeader}.${payload}`;
      const signature = sign('sha256', Buffer.from(input), { key: agentKeys.privateKey, dsaEncoding: 'ieee-p1363' });
      return `${input}.${signature.toString('base64url')}`;
    },
    close: () => issuer.close(),
  };
}

/** @param {object} value */
const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/**
 * The header fields of a request, as a client would send them.
 *
 * @param {string} [token]
 */
export function fieldsFor(token) {
  return {
    host: 'api.example.com',
    'user-agent': 'agent/1.0',
    accept: 'application/json',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
}

/**
 * The header fields of a request with a proof, as they come through a proxy that ends TLS: not everybody is told the
 * public URL, and `htu` says https.
 *
 * @param {string} token
 * @param {string} proof
 */
export function fieldsWithProof(token, proof) {
  return { ...fieldsFor(), 'x-forwarded-proto': 'https', authorization: `DPoP ${token}`, dpop: proof };
}
