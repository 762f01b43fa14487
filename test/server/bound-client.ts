import { createHash, randomUUID } from 'node:crypto';
import type { TokenClaims } from '@gatehouse/testing';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { type Answer, sendRequest } from './http.ts';
import type { Pair } from './pair.ts';

/** What a request of a bound client is about. */
interface BoundMessage {
  readonly claims?: TokenClaims;
  /** Claims of the proof that are not those of a good one; `undefined` leaves one out. */
  readonly proof?: Readonly<Record<string, unknown>>;
  /** Where it is sent. Default: the URL of the pair. */
  readonly origin?: string;
  /** `Bearer` sends the same token and proof under the wrong scheme. Default `DPoP`. */
  readonly scheme?: 'DPoP' | 'Bearer';
}

/** A client whose tokens are bound to its key, with proofs made by jose: by nothing of ours. */
export interface BoundClient {
  /** The field lines of a token and a proof for exactly this request. */
  lines(path: string, message?: BoundMessage): Promise<readonly string[]>;
  /** Sends GET with a token and a proof for exactly this request. */
  send(path: string, message?: BoundMessage): Promise<Answer>;
}

export async function createBoundClient(pair: Pair): Promise<BoundClient> {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const jwk = await exportJWK(publicKey);
  const jkt = await calculateJwkThumbprint(jwk);
  const client: BoundClient = {
    async lines(path, { claims = {}, proof = {}, origin = pair.url, scheme = 'DPoP' } = {}) {
      const token = await pair.token({ cnf: { jkt }, ...claims });
      const signed = await new SignJWT({
        jti: randomUUID(),
        htm: 'GET',
        htu: `${origin}${path}`,
        iat: Math.floor(Date.now() / 1000),
        ath: createHash('sha256').update(token).digest('base64url'),
        ...proof,
      })
        .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk })
        .sign(privateKey);
      return ['authorization', `${scheme} ${token}`, 'dpop', signed];
    },
    async send(path, message) {
      return sendRequest(`${message?.origin ?? pair.url}${path}`, { lines: await client.lines(path, message) });
    },
  };
  return client;
}
