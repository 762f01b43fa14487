import { generateKeyPairSync, type JsonWebKey, type KeyObject } from 'node:crypto';
import fc from 'fast-check';
import { calculateJwkThumbprint } from 'jose';
import { describe, expect, it } from 'vitest';
import { type JwsAlgorithm, jwsAlgorithms } from '../issuer/algorithms.ts';
import { importPublicJwk, readPublicJwk } from './public-jwk.ts';

const jwkOf = (key: KeyObject): JsonWebKey => key.export({ format: 'jwk' });
const encode = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');
const decode = (text: unknown) => Buffer.from(String(text), 'base64url');

const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const otherP256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const p521 = generateKeyPairSync('ec', { namedCurve: 'P-521' });
const ed25519 = generateKeyPairSync('ed25519');
const ed448 = generateKeyPairSync('ed448');
const x25519 = generateKeyPairSync('x25519');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });

/** The key that each algorithm takes. */
const keys: Readonly<Record<JwsAlgorithm, KeyObject>> = {
  ES256: p256.publicKey,
  ES384: p384.publicKey,
  ES512: p521.publicKey,
  EdDSA: ed25519.publicKey,
  Ed25519: ed25519.publicKey,
  PS256: rsa.publicKey,
  PS384: rsa.publicKey,
  PS512: rsa.publicKey,
  RS256: rsa.publicKey,
  RS384: rsa.publicKey,
  RS512: rsa.publicKey,
};

const ec = jwkOf(p256.publicKey);
const okp = jwkOf(ed25519.publicKey);
const modulus = jwkOf(rsa.publicKey);

describe('the thumbprint', () => {
  it.each<[string, JwsAlgorithm, JsonWebKey, string]>([
    [
      'RFC 7638 §3.1',
      'RS256',
      {
        kty: 'RSA',
        n: '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw',
        e: 'AQAB',
        alg: 'RS256',
        kid: '2011-04-29',
      },
      'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs',
    ],
    [
      'RFC 8037 A.3',
      'Ed25519',
      { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' },
      'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
    ],
    [
      'RFC 9449 §6.1',
      'ES256',
      {
        kty: 'EC',
        x: 'l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs',
        y: '9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA',
        crv: 'P-256',
      },
      '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I',
    ],
  ])('is the one of %s [JWK-07]', (_clause, algorithm, jwk, thumbprint) => {
    expect(readPublicJwk(jwk, algorithm)?.thumbprint).toBe(thumbprint);
  });

  it('is the same whatever else the key says, in whatever order [JWK-07]', () => {
    const { kty, crv, x, y } = ec;
    const more = {
      y,
      x,
      use: 'sig',
      key_ops: ['verify'],
      ext: true,
      alg: 'ES256',
      kid: '"}',
      x5c: ['AA'],
      n: 1,
      crv,
      kty,
    };
    expect(readPublicJwk(more, 'ES256')).toEqual(readPublicJwk(ec, 'ES256'));
  });

  it('is the one that jose calculates, for any numbers [JWK-07]', async () => {
    const numbers = (bytes: number) => fc.uint8Array({ minLength: bytes, maxLength: bytes }).map(encode);
    const ecKeys = fc
      .constantFrom(['P-256', 'ES256', 32] as const, ['P-384', 'ES384', 48] as const, ['P-521', 'ES512', 66] as const)
      .chain(([crv, algorithm, bytes]) =>
        fc.tuple(
          fc.constant(algorithm),
          fc.record({ kty: fc.constant('EC'), crv: fc.constant(crv), x: numbers(bytes), y: numbers(bytes) }),
        ),
      );
    const okpKeys = numbers(32).map((x) => ['EdDSA', { kty: 'OKP', crv: 'Ed25519', x }] as const);
    const rsaKeys = fc
      .tuple(fc.integer({ min: 128, max: 255 }), fc.uint8Array({ minLength: 255, maxLength: 511 }))
      .map(([first, rest]) => ['PS256', { kty: 'RSA', n: encode(Uint8Array.of(first, ...rest)), e: 'AQAB' }] as const);
    await fc.assert(
      fc.asyncProperty(fc.oneof(ecKeys, okpKeys, rsaKeys), async ([algorithm, jwk]) => {
        expect(readPublicJwk(jwk, algorithm)?.thumbprint).toBe(await calculateJwkThumbprint(jwk));
      }),
    );
  });
});

describe('a public JWK', () => {
  it.each(jwsAlgorithms)('of the kind that %s takes becomes a key [DPOP-06 JWT-25]', (algorithm) => {
    const jwk = readPublicJwk(jwkOf(keys[algorithm]), algorithm);
    expect(jwk && importPublicJwk(jwk)?.equals(keys[algorithm])).toBe(true);
  });

  it.each(jwsAlgorithms)('of another kind than %s takes is refused [JWT-04]', (algorithm) => {
    const others = Object.values(keys).filter((key) => !key.equals(keys[algorithm]));
    expect(others.map((key) => readPublicJwk(jwkOf(key), algorithm)).every((jwk) => jwk === undefined)).toBe(true);
  });

  it.each<[string, JwsAlgorithm, unknown]>([
    ['Ed448', 'EdDSA', jwkOf(ed448.publicKey)],
    ['Ed448 under the name of Ed25519', 'Ed25519', { ...jwkOf(ed448.publicKey), crv: 'Ed25519' }],
    ['X25519', 'EdDSA', jwkOf(x25519.publicKey)],
    ['secp256k1', 'ES256', { ...ec, crv: 'secp256k1' }],
    ['a curve of another type', 'EdDSA', { ...okp, kty: 'EC', y: okp['x'] }],
    ['another type with the members of a curve', 'ES256', { ...ec, kty: 'OKP' }],
    ['no type', 'ES256', { ...ec, kty: undefined }],
    ['a symmetric key', 'ES256', { kty: 'oct', k: 'AAAA' }],
    ['no object', 'ES256', 'key'],
    ['an array', 'ES256', [ec]],
    ['null', 'ES256', null],
    ['nothing', 'ES256', undefined],
  ])('is not %s [DPOP-06 DPOP-08 JWT-04 JWT-25]', (_what, algorithm, jwk) => {
    expect(readPublicJwk(jwk, algorithm)).toBeUndefined();
  });

  it.each<[string, JwsAlgorithm, unknown]>([
    ['private EC key', 'ES256', jwkOf(p256.privateKey)],
    ['private OKP key', 'EdDSA', jwkOf(ed25519.privateKey)],
    ['private RSA key', 'PS256', jwkOf(rsa.privateKey)],
    ...['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'].map((member): [string, JwsAlgorithm, unknown] => [
      `public key that has ${member}, if only null,`,
      'ES256',
      { ...ec, [member]: null },
    ]),
  ])('is refused when it is a %s [DPOP-07]', (_what, algorithm, jwk) => {
    expect(readPublicJwk(jwk, algorithm)).toBeUndefined();
  });

  it.each([
    ['use', 'enc'],
    ['key_ops', ['encrypt']],
    ['key_ops', []],
    ['key_ops', 'verify'],
    ['alg', 'ES384'],
    ['alg', 'none'],
    ['alg', 256],
    ['alg', null],
  ])('is refused when it says by %s %j that it is for something else [JWK-02 JWK-03 JWT-04]', (member, value) => {
    expect(readPublicJwk({ ...ec, [member]: value }, 'ES256')).toBeUndefined();
  });

  it('may call EdDSA Ed25519 and the other way round, but not after another algorithm [JWT-25]', () => {
    expect(readPublicJwk({ ...okp, alg: 'Ed25519' }, 'EdDSA')).toBeDefined();
    expect(readPublicJwk({ ...okp, alg: 'EdDSA' }, 'Ed25519')).toBeDefined();
    expect(readPublicJwk({ ...okp, alg: 'ES256' }, 'EdDSA')).toBeUndefined();
    expect(readPublicJwk({ ...ec, alg: 'EdDSA' }, 'ES256')).toBeUndefined();
  });
});

describe('a number of a public JWK', () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

  it.each<[string, (text: string) => unknown]>([
    ['stray bits behind the last byte', (text) => text.slice(0, -1) + alphabet[alphabet.indexOf(text.slice(-1)) + 1]],
    ['padding', (text) => `${text}=`],
    ['padding in the place of a letter', (text) => `${text.slice(0, -1)}=`],
    ['the other base64 alphabet', (text) => encode(decode(text).fill(255)).replaceAll('_', '/')],
    ['white space', (text) => ` ${text}`],
    ['a quotation mark', (text) => `"${text.slice(1)}`],
    ['a byte too few', (text) => encode(decode(text).subarray(1))],
    ['a zero before it', (text) => encode(Buffer.concat([Buffer.alloc(1), decode(text)]))],
    ['nothing in it', () => ''],
    ['a megabyte', () => 'A'.repeat(1_000_000)],
    ['another type', () => 7],
    ['another type of the same length', (text) => [...text]],
  ])('is refused with %s [JWT-19 DPOP-06 JWK-07]', (_what, change) => {
    const numbers = [
      [ec, 'x', 'ES256'],
      [ec, 'y', 'ES256'],
      [okp, 'x', 'EdDSA'],
      [modulus, 'n', 'PS256'],
    ] as const;
    for (const [jwk, member, algorithm] of numbers) {
      expect(readPublicJwk(jwk, algorithm)).toBeDefined();
      expect(readPublicJwk({ ...jwk, [member]: change(String(jwk[member])) }, algorithm)).toBeUndefined();
    }
  });

  const bits = (count: number) => encode(Buffer.alloc(Math.ceil(count / 8), 255).fill(255 >> (-count & 7), 0, 1));

  it.each([2048, 2049, 3072, 4095, 4096])('may have %d bits as an RSA modulus [JWT-23]', (count) => {
    expect(readPublicJwk({ ...modulus, n: bits(count) }, 'RS256')).toBeDefined();
  });

  it.each([8, 1024, 2040, 2047, 4097, 8192])('may not have %d bits as an RSA modulus [JWT-23]', (count) => {
    expect(readPublicJwk({ ...modulus, n: bits(count) }, 'RS256')).toBeUndefined();
  });

  it.each(['AQ', 'Aw', 'AAEAAQ', 'AQAB=', 'B'.repeat(240_000), 65_537, undefined])(
    'is 65537 as an RSA exponent, not %.12j [JWT-23]',
    (e) => {
      expect(readPublicJwk({ ...modulus, e }, 'RS256')).toBeUndefined();
    },
  );
});

describe('importPublicJwk', () => {
  const p = Buffer.from('ffffffff00000001000000000000000000000000ffffffffffffffffffffffff', 'hex');

  it.each([
    ['off the curve', { y: jwkOf(otherP256.publicKey)['y'] }],
    ['at infinity', { x: encode(Buffer.alloc(32)), y: encode(Buffer.alloc(32)) }],
    ['beyond the field', { x: encode(p) }],
  ])('makes no key of a point %s [DPOP-06]', (_where, members) => {
    const jwk = readPublicJwk({ ...ec, ...members }, 'ES256');
    expect(jwk).toBeDefined();
    expect(jwk && importPublicJwk(jwk)).toBeUndefined();
  });
});
