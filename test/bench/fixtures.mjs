import { createPublicKey } from 'node:crypto';
import { createTestIssuer } from '@gatehouse/testing';

/** The API that the tokens are for. No request is sent there. */
export const resource = 'https://api.example.com';

export const scope = 'read:data';

/** @typedef {Awaited<ReturnType<typeof createFixture>>} Fixture */

/** An issuer on loopback with one ES256 key, and the tokens and requests that every row presents. */
export async function createFixture() {
  const issuer = await createTestIssuer({ audience: resource });
  const [jwk] = issuer.jwks().keys;

  function mint() {
    const exp = Math.floor(Date.now() / 1000) + 3600;
    return issuer.token({
      sub: 'alice',
      client_id: 'assistant',
      scope: `${scope} write:data`,
      exp,
      act: { sub: 'agent-7' },
    });
  }

  return {
    issuer,
    publicKey: createPublicKey({ key: /** @type {import('node:crypto').JsonWebKey} */ (jwk), format: 'jwk' }),
    /** The token of every row that presents the same one again and again. */
    token: await mint(),
    /** @param {number} count how many tokens, no two alike */
    mintMany: (count) => Promise.all(Array.from({ length: count }, mint)),
    close: () => issuer.close(),
  };
}

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
