import { createPublicKey, type JsonWebKey, webcrypto } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compactVerify, importJWK, type JWK } from 'jose';
import { describe, expect, it } from 'vitest';
import { decodeBase64url } from '../base64url.ts';
import { parseJsonObject } from '../json.ts';
import { importPublicJwk, readPublicJwk } from '../proof/public-jwk.ts';
import { type JwsAlgorithm, jwsAlgorithms } from './algorithms.ts';
import { createVerificationKey } from './signature.ts';

const directory = process.env['WYCHEPROOF_DIR'];

if (directory === undefined) {
  process.stderr.write(
    '\nSkipped: the vectors of Wycheproof. Set WYCHEPROOF_DIR to testvectors_v1 of a checkout of C2SP/wycheproof.\n',
  );
}

interface Vector {
  readonly tcId: number;
  readonly result: 'valid' | 'invalid';
}

interface Group<Test> {
  readonly tests: readonly (Vector & Test)[];
}

/** What the vector demands, and what we and `jose` say. */
type Verdicts = Readonly<Record<'demanded' | 'ours' | 'jose', boolean>>;

/** The verdict of everybody on every vector of a file, by its number. */
type Judge<G> = (group: G, judged: Map<number, Verdicts>) => Promise<void>;

async function judge<G>(file: string, judgeGroup: Judge<G>): Promise<ReadonlyMap<number, Verdicts>> {
  const { numberOfTests, testGroups } = JSON.parse(readFileSync(join(directory ?? '', file), 'utf8'));
  const judged = new Map<number, Verdicts>();
  for (const group of testGroups) await judgeGroup(group, judged);
  expect(judged.size).toBe(numberOfTests);
  return judged;
}

function countDemanded(judged: ReadonlyMap<number, Verdicts>): number {
  return [...judged.values()].filter(({ demanded }) => demanded).length;
}

/** Where not all three say the same. */
function listDisagreements(judged: ReadonlyMap<number, Verdicts>): Readonly<Record<number, Verdicts>> {
  return Object.fromEntries([...judged].filter(([, { demanded, ours, jose }]) => demanded !== ours || ours !== jose));
}

async function isVerifiedByUs(algorithm: JwsAlgorithm, jwk: unknown, signingInput: string, signature: Uint8Array) {
  const publicJwk = readPublicJwk(jwk, algorithm);
  const key = publicJwk && importPublicJwk(publicJwk);
  return key !== undefined && (await createVerificationKey(algorithm, key).verify(signingInput, signature));
}

describe.skipIf(directory === undefined)('the vectors of Wycheproof, set WYCHEPROOF_DIR to run them', () => {
  describe('for signatures', () => {
    interface SignatureGroup extends Group<{ readonly msg: string; readonly sig: string }> {
      readonly publicKeyDer: string;
    }

    it.each([
      ['ES256', 'ecdsa_secp256r1_sha256_p1363_test.json', { name: 'ECDSA', hash: 'SHA-256' }],
      ['ES384', 'ecdsa_secp384r1_sha384_p1363_test.json', { name: 'ECDSA', hash: 'SHA-384' }],
      ['Ed25519', 'ed25519_test.json', { name: 'Ed25519' }],
    ] as const)(
      'are judged as they demand, and as WebCrypto does for jose: %s [JWT-23]',
      async (algorithm, file, parameters) => {
        const judged = await judge<SignatureGroup>(file, async ({ publicKeyDer, tests }, verdicts) => {
          const der = Buffer.from(publicKeyDer, 'hex');
          const jwk = createPublicKey({ key: der, format: 'der', type: 'spki' }).export({ format: 'jwk' });
          const key = (await importJWK(jwk as JWK, algorithm)) as webcrypto.CryptoKey;
          for (const { tcId, result, msg, sig } of tests) {
            const message = Buffer.from(msg, 'hex');
            const signature = Buffer.from(sig, 'hex');
            verdicts.set(tcId, {
              demanded: result === 'valid',
              ours: await isVerifiedByUs(algorithm, jwk, message.toString('latin1'), signature),
              jose: await webcrypto.subtle.verify(parameters, key, signature, message),
            });
          }
        });
        expect(listDisagreements(judged)).toEqual({});
        expect(countDemanded(judged)).toBeGreaterThan(0);
      },
    );
  });

  describe('for JSON Web Signatures', () => {
    type KeyOrSet = JsonWebKey | { readonly keys: readonly JsonWebKey[] };

    interface JwsGroup extends Group<{ readonly jws?: unknown; readonly jwe?: unknown }> {
      readonly public?: KeyOrSet;
      readonly private?: KeyOrSet;
    }

    /** Vectors for HMAC and for encryption are there too: what they demand is refused here. */
    const isServed = (alg: unknown): alg is JwsAlgorithm => jwsAlgorithms.some((name) => name === alg);

    function readAlgorithm(compact: string): unknown {
      const header = decodeBase64url(compact.split('.')[0]);
      return header && parseJsonObject(header)?.['alg'];
    }

    async function isTakenByUs(compact: string, jwk: unknown): Promise<boolean> {
      const [header, payload, signature, ...more] = compact.split('.');
      const algorithm = readAlgorithm(compact);
      const bytes = signature === undefined ? undefined : decodeBase64url(signature);
      if (bytes === undefined || more.length > 0 || !isServed(algorithm)) return false;
      if (payload === undefined || decodeBase64url(payload) === undefined) return false;
      return isVerifiedByUs(algorithm, jwk, `${header}.${payload}`, bytes);
    }

    const isTakenByJose = (compact: string, jwk: JsonWebKey): Promise<boolean> =>
      compactVerify(compact, jwk as JWK, { algorithms: [...jwsAlgorithms] }).then(
        () => true,
        () => false,
      );

    async function judgeGroup({ tests, ...group }: JwsGroup, judged: Map<number, Verdicts>): Promise<void> {
      const published = group.public ?? group.private ?? { keys: [] };
      const keys = 'keys' in published ? (published.keys as readonly JsonWebKey[]) : [published];
      for (const { tcId, result, jws, jwe } of tests) {
        const compact = String(jws ?? jwe);
        judged.set(tcId, {
          demanded: result === 'valid' && isServed(readAlgorithm(compact)),
          ours: (await Promise.all(keys.map((key) => isTakenByUs(compact, key)))).includes(true),
          jose: (await Promise.all(keys.map((key) => isTakenByJose(compact, key)))).includes(true),
        });
      }
    }

    /** RFC 7520 signs with another algorithm than its key names, or gives that one a name of its own (`ES521`). */
    const misnamed = { demanded: true, ours: false, jose: false };
    /** RSA keys from chips that made them easy to factor (ROCA): harm to nobody but the holder, who chose the key. */
    const weak = { demanded: false, ours: true, jose: true };
    /** With the exponent 1 anybody signs: `jose` leaves this one to whoever chooses the key. */
    const withoutSecret = { demanded: false, ours: false, jose: true };

    it.each([
      ['json_web_signature_test.json', { 346: misnamed, 347: misnamed, 350: misnamed, 351: misnamed }],
      ['json_web_key_test.json', { 7: weak, 9: withoutSecret }],
      ['json_web_crypto_test.json', { 46: weak }],
    ])(
      'are judged as they demand, and as jose does: %s [JWT-02 JWT-03 JWT-04 JWT-19 JWT-23 JWK-02 JWK-03]',
      async (file, exceptions) => {
        const judged = await judge<JwsGroup>(file, judgeGroup);
        expect(listDisagreements(judged)).toEqual(exceptions);
        expect(countDemanded(judged)).toBeGreaterThan(0);
      },
    );
  });
});
