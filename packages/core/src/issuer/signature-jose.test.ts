import {
  constants,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  type SigningOptions,
  sign,
} from 'node:crypto';
import fc from 'fast-check';
import { compactVerify, type JWK } from 'jose';
import { expect, it } from 'vitest';
import { importPublicJwk, readPublicJwk } from '../proof/public-jwk.ts';
import { type JwsAlgorithm, jwsAlgorithms } from './algorithms.ts';
import { createVerificationKey } from './signature.ts';

type Pair = Readonly<Record<'publicKey' | 'privateKey', KeyObject>>;
type Jwk = Readonly<JsonWebKey>;

const makeEc = (namedCurve: string): Pair => generateKeyPairSync('ec', { namedCurve });
const p256 = makeEc('P-256');
const p384 = makeEc('P-384');
const p521 = makeEc('P-521');
const ed25519: Pair = generateKeyPairSync('ed25519');
const rsa: Pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
const others: readonly Pair[] = [makeEc('P-256'), generateKeyPairSync('ed25519'), p384, p521];

const jwkOf = ({ publicKey }: Pair): Jwk => publicKey.export({ format: 'jwk' });
const encode = (text: string | Uint8Array) => Buffer.from(text).toString('base64url');

/** How clients sign: one entry for each algorithm, apart from the table that is tested. */
const signers: Readonly<Record<JwsAlgorithm, { pair: Pair; digest: string | null; options?: SigningOptions }>> = {
  ES256: { pair: p256, digest: 'sha256', options: { dsaEncoding: 'ieee-p1363' } },
  ES384: { pair: p384, digest: 'sha384', options: { dsaEncoding: 'ieee-p1363' } },
  ES512: { pair: p521, digest: 'sha512', options: { dsaEncoding: 'ieee-p1363' } },
  EdDSA: { pair: ed25519, digest: null },
  Ed25519: { pair: ed25519, digest: null },
  PS256: { pair: rsa, digest: 'sha256', options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } },
  PS384: { pair: rsa, digest: 'sha384', options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 48 } },
  PS512: { pair: rsa, digest: 'sha512', options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 64 } },
  RS256: { pair: rsa, digest: 'sha256' },
  RS384: { pair: rsa, digest: 'sha384' },
  RS512: { pair: rsa, digest: 'sha512' },
};

type ChangeJwk = (jwk: Jwk) => Jwk;
type ChangeBytes = (bytes: Buffer) => Uint8Array;

const algorithms = fc.constantFrom(...jwsAlgorithms);

const flip =
  (bit: number): ChangeBytes =>
  (bytes) => {
    const place = bit % (bytes.length * 8);
    return bytes.map((byte, index) => (index === place >> 3 ? byte ^ (1 << (place & 7)) : byte));
  };
const append =
  (more: Uint8Array): ChangeBytes =>
  (bytes) =>
    Buffer.concat([bytes, more]);
const cut =
  (bytes: number): ChangeBytes =>
  (signature) =>
    signature.subarray(0, -bytes);

const bytesChanges: fc.Arbitrary<ChangeBytes> = fc.oneof(
  fc.nat().map(flip),
  fc.uint8Array({ minLength: 1, maxLength: 3 }).map(append),
  fc.integer({ min: 1, max: 64 }).map(cut),
);

const signatureChanges: fc.Arbitrary<ChangeBytes> = fc.oneof(
  bytesChanges,
  fc.uint8Array({ maxLength: 256 }).map(
    (bytes): ChangeBytes =>
      () =>
        bytes,
  ),
  fc.constant<ChangeBytes>((bytes) => bytes.fill(0)),
);

const numberChanges: fc.Arbitrary<ChangeJwk> = fc
  .tuple(fc.constantFrom('x', 'y', 'n'), bytesChanges)
  .map(([member, change]) => (jwk) => {
    const number = jwk[member];
    return typeof number === 'string' ? { ...jwk, [member]: encode(change(Buffer.from(number, 'base64url'))) } : jwk;
  });

const memberChanges: fc.Arbitrary<ChangeJwk> = fc
  .constantFrom<Record<string, unknown>>(
    { d: encode(Buffer.alloc(32, 1)) },
    { use: 'sig', kid: 'mine', 'x5t#S256': 'AA' },
    { use: 'enc' },
    { key_ops: ['verify'], ext: true },
    { key_ops: ['encrypt'] },
    { key_ops: [] },
    { alg: 'ES256' },
    { alg: 'PS256' },
    { kty: 'EC' },
    { kty: 'RSA' },
    { crv: 'P-256' },
    { crv: 'Ed25519' },
    { crv: 'secp256k1' },
    { x: undefined, n: undefined },
  )
  .map((members) => (jwk) => ({ ...jwk, ...members }));

const jwkChanges: fc.Arbitrary<ChangeJwk> = fc.oneof(
  numberChanges,
  memberChanges,
  fc.constantFrom(...others).map(
    (pair): ChangeJwk =>
      () =>
        jwkOf(pair),
  ),
);

/** Mostly nothing, so that many cases differ from a good one in one thing, and many in none. */
const maybe = <Change>(changes: fc.Arbitrary<Change>) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: changes });

const cases = fc.record({
  signedBy: algorithms,
  alg: maybe(algorithms),
  payload: fc.string({ unit: 'binary' }),
  changeJwk: maybe(jwkChanges),
  changeSignature: maybe(signatureChanges),
});

async function isTakenByUs(alg: JwsAlgorithm, jwk: Jwk, input: string, signature: Uint8Array): Promise<boolean> {
  const publicJwk = readPublicJwk(jwk, alg);
  const key = publicJwk && importPublicJwk(publicJwk);
  return key !== undefined && (await createVerificationKey(alg, key).verify(input, signature));
}

const isTakenByJose = (alg: JwsAlgorithm, jwk: Jwk, input: string, signature: Uint8Array): Promise<boolean> =>
  compactVerify(`${input}.${encode(signature)}`, jwk as JWK, { algorithms: [alg] }).then(
    () => true,
    () => false,
  );

it('accepts and refuses what jose does, whatever is wrong with signature, key or algorithm [DPOP-05 DPOP-06 DPOP-07 JWT-04 JWT-23]', async () => {
  let accepted = 0;
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(cases, async ({ signedBy, alg = signedBy, payload, changeJwk, changeSignature }) => {
      const { pair, digest, options } = signers[signedBy];
      const jwk = changeJwk?.(jwkOf(pair)) ?? jwkOf(pair);
      const input = `${encode(JSON.stringify({ typ: 'dpop+jwt', alg, jwk }))}.${encode(payload)}`;
      const good = sign(digest, Buffer.from(input), { ...options, key: pair.privateKey });
      const signature = changeSignature?.(good) ?? good;
      const isTaken = await isTakenByUs(alg, jwk, input, signature);
      expect(isTaken).toBe(await isTakenByJose(alg, jwk, input, signature));
      if (isTaken) accepted += 1;
      else refused += 1;
    }),
    { numRuns: 300 },
  );
  expect(accepted).toBeGreaterThan(50);
  expect(refused).toBeGreaterThan(50);
});
