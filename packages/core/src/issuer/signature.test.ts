import { constants, createPublicKey, generateKeyPairSync, type JsonWebKey, type KeyObject, sign } from 'node:crypto';
import { compactVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import { type JwsAlgorithm, jwsAlgorithms } from './algorithms.ts';
import { createVerificationKey } from './signature.ts';

const input = 'eyJhbGciOiJFUzI1NiJ9.e30';
const data = Buffer.from(input);

const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const p521 = generateKeyPairSync('ec', { namedCurve: 'P-521' });
const k256 = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
const ed25519 = generateKeyPairSync('ed25519');
const ed448 = generateKeyPairSync('ed448');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });

const signEc = (digest: string, key: KeyObject) => sign(digest, data, { key, dsaEncoding: 'ieee-p1363' });
const signPkcs1 = (digest: string) => sign(digest, data, rsa.privateKey);
const signPss = (digest: string, saltLength: number) =>
  sign(digest, data, { key: rsa.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength });

/** A good signature of each algorithm. */
const good: Readonly<Record<JwsAlgorithm, readonly [KeyObject, Buffer]>> = {
  ES256: [p256.publicKey, signEc('sha256', p256.privateKey)],
  ES384: [p384.publicKey, signEc('sha384', p384.privateKey)],
  ES512: [p521.publicKey, signEc('sha512', p521.privateKey)],
  EdDSA: [ed25519.publicKey, sign(null, data, ed25519.privateKey)],
  Ed25519: [ed25519.publicKey, sign(null, data, ed25519.privateKey)],
  PS256: [rsa.publicKey, signPss('sha256', 32)],
  PS384: [rsa.publicKey, signPss('sha384', 48)],
  PS512: [rsa.publicKey, signPss('sha512', 64)],
  RS256: [rsa.publicKey, signPkcs1('sha256')],
  RS384: [rsa.publicKey, signPkcs1('sha384')],
  RS512: [rsa.publicKey, signPkcs1('sha512')],
};

/** Verifies a compact JWS with the key given as a JWK. */
async function verifyCompact(algorithm: JwsAlgorithm, jwk: JsonWebKey, compact: string): Promise<boolean> {
  const dot = compact.lastIndexOf('.');
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  return createVerificationKey(algorithm, key).verify(
    compact.slice(0, dot),
    Buffer.from(compact.slice(dot + 1), 'base64url'),
  );
}

describe('a verification key', () => {
  const dpopKey = {
    kty: 'EC',
    x: 'l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs',
    y: '9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA',
    crv: 'P-256',
  };
  const dpopHeader =
    'eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19';

  it.each<[string, JwsAlgorithm, JsonWebKey, string]>([
    [
      'RFC 7515 A.3',
      'ES256',
      {
        kty: 'EC',
        crv: 'P-256',
        x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
        y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
      },
      'eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q',
    ],
    [
      'RFC 8037 A.4',
      'EdDSA',
      { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' },
      'eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg',
    ],
    [
      'RFC 9449 §4.1',
      'ES256',
      dpopKey,
      `${dpopHeader}.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg`,
    ],
    [
      'RFC 9449 §7.1',
      'ES256',
      dpopKey,
      `${dpopHeader}.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA`,
    ],
  ])('accepts the signature of %s [DPOP-06 JWT-17]', async (_clause, algorithm, jwk, compact) => {
    expect(await verifyCompact(algorithm, jwk, compact)).toBe(true);
    expect(await verifyCompact(algorithm, jwk, compact.replace('.', '.e'))).toBe(false);
  });

  it.each(jwsAlgorithms)(
    'accepts what was signed by %s, and not with a bit changed anywhere [JWT-17 JWT-25]',
    async (algorithm) => {
      const [key, signature] = good[algorithm];
      expect(await createVerificationKey(algorithm, key).verify(input, signature)).toBe(true);
      expect(await createVerificationKey(algorithm, key).verify(input.replace('30', '31'), signature)).toBe(false);
      for (const place of [0, signature.length >> 1, signature.length - 1]) {
        const changed = signature.map((byte, index) => (index === place ? byte ^ 1 : byte));
        expect(await createVerificationKey(algorithm, key).verify(input, changed)).toBe(false);
      }
    },
  );

  it.each(jwsAlgorithms)('refuses a signature by %s of any other length [JWT-23]', async (algorithm) => {
    const [key, signature] = good[algorithm];
    const zero = Buffer.alloc(1);
    const lengths = [
      Buffer.alloc(0),
      zero,
      signature.subarray(1),
      signature.subarray(0, -1),
      Buffer.concat([zero, signature]),
      Buffer.concat([signature, zero]),
      Buffer.concat([signature, signature]),
    ];
    for (const other of lengths) expect(await createVerificationKey(algorithm, key).verify(input, other)).toBe(false);
  });

  it('refuses a signature by PS256 without the zero before it, which OpenSSL and jose accept [JWT-17]', async () => {
    const jwk = {
      kty: 'RSA',
      n: 'rFWqAjQKE9aj4Jg7dQiefvygdPHf16PykqyyyPo2mk4_cWMRX3bVrX4XcNsdgq-OMrp-ZRnTuVEHyu6UPyIjrYtwQy8IuQGeCYrYHNsQ4jPUY54FTy5aME51ejQS2kn_ZB0-o-WE-S5wNq7gLg_gF4S16PX-bpt7r9Nxg5Ko2PsyaMz6SPIPdpGDXCYhEhdBQHSRi7VIfPrQZTAI20DCzYBPfqccEcqVfCbabEPm_DiqbktRA-lLwn2WodcUiegghBKCWSfY03ZjdnTdt1DfDK0b06HwaMRO8M-vHCcKG-3OfBuMjoxXoLl0M0JUhX9bEfOaxgpyc8tkl9SFARMuyQ',
      e: 'AQAB',
    };
    const zeroFirst = Buffer.from(
      'AMZK_DPC6Y1OYoOzozjnxavcpa9BNDHEHqq7IMOntdZvhSFd95uQwRZ-qyxnXggS6tDCXlinrVlL6iMYNw5omCdxl1YVf7oTHZ6y9sg1m-eD_cRbwwL9yAeJ45g4VYGMcT3fXfTbX7ZzKnAFnYqMfXwdpo60fHNWP0pEZ69DaQW8EzuCnzt03sEhzmNxUyk08qKsD9X_9_0M7ywm59a3JAnvh7tpWBn2_nbBCx0uN6JjyBp_vrguKjh9k_aaakNA94DsqYfC9yG6OdC7zZ8Tn7YWNF4AMsci2dIHOHX3X5MweiMLBrmKve21Dbmr6ADtnP__AjGzEPSNi9Fy9U0biA',
      'base64url',
    );
    const signed = 'eyJhbGciOiJQUzI1NiJ9.e30';
    const without = zeroFirst.subarray(1);
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    expect(await createVerificationKey('PS256', key).verify(signed, zeroFirst)).toBe(true);
    expect(await createVerificationKey('PS256', key).verify(signed, without)).toBe(false);
    expect(await compactVerify(`${signed}.${without.toString('base64url')}`, jwk)).toBeDefined();
  });

  it.each(jwsAlgorithms)('says the same at once and from the pool by %s, whatever it is given', async (algorithm) => {
    const [key, signature] = good[algorithm];
    const verificationKey = createVerificationKey(algorithm, key);
    const isSlow = algorithm === 'ES384' || algorithm === 'ES512';
    const bad = [0, 1, 127, 255].map((byte) => Buffer.alloc(signature.length, byte));
    for (const given of [signature, ...bad]) {
      // The first of a turn of the event loop, and the second.
      await new Promise((resolve) => setImmediate(resolve));
      const answers = [verificationKey.verify(input, given), verificationKey.verify(input, given)];
      expect(typeof answers[0]).toBe(isSlow ? 'object' : 'boolean');
      expect(await Promise.all(answers)).toEqual([given === signature, given === signature]);
    }
  });

  it('refuses an ECDSA signature in DER [JWT-23]', async () => {
    expect(
      await createVerificationKey('ES256', p256.publicKey).verify(input, sign('sha256', data, p256.privateKey)),
    ).toBe(false);
  });

  it('refuses R and S out of range [JWT-23]', async () => {
    const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex');
    const [key, signature] = good.ES256;
    const r = signature.subarray(0, 32);
    const s = signature.subarray(32);
    const zero = Buffer.alloc(32);
    for (const numbers of [
      [zero, zero],
      [zero, s],
      [r, zero],
      [order, s],
      [r, order],
    ]) {
      expect(await createVerificationKey('ES256', key).verify(input, Buffer.concat(numbers))).toBe(false);
    }
  });

  it.each([0, 20, 31, 33, 64])('refuses PS256 with a salt of %d bytes [JWT-17]', async (saltLength) => {
    expect(await createVerificationKey('PS256', rsa.publicKey).verify(input, signPss('sha256', saltLength))).toBe(
      false,
    );
  });

  it('refuses a signature by one algorithm under the name of any other [JWT-04]', async () => {
    const isSame = (one: JwsAlgorithm, other: JwsAlgorithm) => one === other || good[one][0] === ed25519.publicKey;
    for (const [signedBy, [key, signature]] of Object.entries(good) as [JwsAlgorithm, readonly [KeyObject, Buffer]][]) {
      for (const algorithm of jwsAlgorithms) {
        const isRight = good[algorithm][0] === key && isSame(algorithm, signedBy);
        expect(
          await createVerificationKey(algorithm, key).verify(input, signature),
          `${signedBy} as ${algorithm}`,
        ).toBe(isRight);
      }
    }
  });

  it.each<[string, JwsAlgorithm, KeyObject, Buffer]>([
    [
      'P-256 under RS256, which OpenSSL would verify in DER',
      'RS256',
      p256.publicKey,
      sign('sha256', data, p256.privateKey),
    ],
    ['secp256k1 under ES256', 'ES256', k256.publicKey, signEc('sha256', k256.privateKey)],
    ['P-384 under ES256', 'ES256', p384.publicKey, signEc('sha256', p384.privateKey)],
    ['Ed448 under EdDSA', 'EdDSA', ed448.publicKey, sign(null, data, ed448.privateKey)],
  ])('refuses a key of %s, though it signed [JWT-04 JWT-25]', async (_what, algorithm, key, signature) => {
    expect(await createVerificationKey(algorithm, key).verify(input, signature)).toBe(false);
  });

  it.each([
    ['even', Buffer.alloc(256, 254)],
    ['a power of two', Buffer.alloc(256).fill(128, 0, 1)],
    ['all ones', Buffer.alloc(512, 255)],
  ])('refuses everything for an RSA modulus that is %s [DPOP-06]', async (_what, n) => {
    const key = createPublicKey({ key: { kty: 'RSA', n: n.toString('base64url'), e: 'AQAB' }, format: 'jwk' });
    for (const algorithm of ['PS256', 'RS256', 'RS512'] as const) {
      for (const byte of [0, 1, 255]) {
        expect(await createVerificationKey(algorithm, key).verify(input, Buffer.alloc(n.length, byte))).toBe(false);
      }
    }
  });
});
