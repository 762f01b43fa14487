import { calculateThumbprint, generateKeyPair, generateProof, type JWSAlgorithm } from 'dpop';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';

/** What clients sign with. `EdDSA` is the name that `Ed25519` had before RFC 9864. */
export type ProofAlgorithm = 'ES256' | 'PS256' | 'Ed25519' | 'EdDSA';

/** A client that others wrote, with a key of its own. */
export interface DpopClient {
  readonly thumbprint: string;
  /** Asks with a fresh proof, and once more when the answer is that a nonce is missing. */
  request(token: string, url: URL, method?: string): Promise<Response>;
}

export interface DpopClientKind {
  readonly name: string;
  readonly algorithms: readonly ProofAlgorithm[];
  create(algorithm: ProofAlgorithm): Promise<DpopClient>;
}

/** Both libraries sign with Ed25519 and leave it to the application to say `EdDSA`. */
const nameAs = (algorithm: ProofAlgorithm): oauth.ModifyAssertionFunction => {
  return (header) => {
    header['alg'] = algorithm;
  };
};
const keyOf = (algorithm: ProofAlgorithm) => (algorithm === 'EdDSA' ? 'Ed25519' : algorithm);

const oauth4webapi: DpopClientKind = {
  name: 'oauth4webapi',
  algorithms: ['ES256', 'PS256', 'Ed25519', 'EdDSA'],
  async create(algorithm) {
    const keys = await oauth.generateKeyPair(keyOf(algorithm));
    const handle = oauth.DPoP({}, keys, { [oauth.modifyAssertion]: nameAs(algorithm) });
    const options = { DPoP: handle, [oauth.allowInsecureRequests]: true };
    return {
      thumbprint: await handle.calculateThumbprint(),
      async request(token, url, method = 'GET') {
        const ask = () => oauth.protectedResourceRequest(token, method, url, undefined, undefined, options);
        try {
          return await ask();
        } catch (error) {
          if (oauth.isDPoPNonceError(error)) return ask();
          throw error;
        }
      },
    };
  },
};

const openidClient: DpopClientKind = {
  name: 'openid-client',
  algorithms: ['ES256', 'PS256', 'Ed25519', 'EdDSA'],
  async create(algorithm) {
    const configuration = new openid.Configuration({ issuer: 'https://auth.example.com' }, 'agent');
    openid.allowInsecureRequests(configuration);
    const keys = await openid.randomDPoPKeyPair(keyOf(algorithm));
    const handle = openid.getDPoPHandle(configuration, keys, { [openid.modifyAssertion]: nameAs(algorithm) });
    const options = { DPoP: handle };
    return {
      thumbprint: await handle.calculateThumbprint(),
      request: (token, url, method = 'GET') =>
        openid.fetchProtectedResource(configuration, token, url, method, undefined, undefined, options),
    };
  },
};

/** Makes proofs and nothing else: sending them, and keeping nonces, is what its users write. */
const dpop: DpopClientKind = {
  name: 'dpop',
  algorithms: ['ES256', 'PS256', 'Ed25519'],
  async create(algorithm) {
    const keys = await generateKeyPair(algorithm as JWSAlgorithm);
    let nonce: string | undefined;

    async function ask(token: string, url: URL, method: string): Promise<Response> {
      const proof = await generateProof(keys, `${url.origin}${url.pathname}`, method, nonce, token);
      const response = await fetch(url, { method, headers: { authorization: `DPoP ${token}`, dpop: proof } });
      nonce = response.headers.get('dpop-nonce') ?? nonce;
      return response;
    }
    return {
      thumbprint: await calculateThumbprint(keys.publicKey),
      async request(token, url, method = 'GET') {
        const response = await ask(token, url, method);
        const isNonceMissing = response.headers.get('www-authenticate')?.includes('error="use_dpop_nonce"') === true;
        return isNonceMissing ? ask(token, url, method) : response;
      },
    };
  },
};

export const dpopClients: readonly DpopClientKind[] = [oauth4webapi, openidClient, dpop];
