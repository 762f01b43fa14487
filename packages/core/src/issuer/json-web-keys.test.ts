import { generateKeyPairSync, type JsonWebKeyInput, type KeyObject, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { JwsHeader } from './algorithms.ts';
import { isUsableKey, listKeys, publishKeys } from './json-web-keys.ts';

const jwk = (key: KeyObject, members: Record<string, unknown> = {}): Record<string, unknown> => ({
  ...(key.export({ format: 'jwk' }) as JsonWebKeyInput['key']),
  ...members,
});
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const otherEc = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const smallRsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
const ed25519 = generateKeyPairSync('ed25519');
const ed448 = generateKeyPairSync('ed448');

const count = async (keys: readonly unknown[], header: JwsHeader) => (await publishKeys(keys).select(header)).length;

describe('isUsableKey', () => {
  it('takes public EC, RSA and OKP keys', () => {
    for (const { publicKey } of [ec, p384, rsa, ed25519]) expect(isUsableKey(jwk(publicKey))).toBe(true);
  });

  it.each([
    ['an unknown type', { kty: 'XYZ' }],
    ['a missing member', jwk(ec.publicKey, { y: undefined })],
    ['a point off the curve', jwk(ec.publicKey, { y: jwk(otherEc.publicKey)['y'] })],
    ['a private EC key', jwk(ec.privateKey)],
    ['a private RSA key', jwk(rsa.privateKey)],
    ['a private OKP key', jwk(ed25519.privateKey)],
    ['a symmetric key', { kty: 'oct', k: 'c2VjcmV0' }],
    ['an RSA key of 1024 bits', jwk(smallRsa.publicKey)],
    ['an RSA exponent of one, by which anybody signs', jwk(rsa.publicKey, { e: 'AQ' })],
    ['an RSA exponent of one with zeros before it', jwk(rsa.publicKey, { e: 'AAAAAQ' })],
    ['another RSA exponent', jwk(rsa.publicKey, { e: 'Aw' })],
    ['an RSA exponent that takes a minute to look at', jwk(rsa.publicKey, { e: 'B'.repeat(240_000) })],
    ['an RSA modulus beyond 4096 bits', jwk(rsa.publicKey, { n: `w${'A'.repeat(683)}` })],
    ['a curve that no algorithm uses', { kty: 'OKP', crv: 'X25519', x: jwk(ed25519.publicKey)['x'] }],
    ['no object', 'key'],
    ['null', null],
  ])('skips %s [JWK-01 JWT-23]', (_what, key) => {
    expect(isUsableKey(key)).toBe(false);
  });
});

describe('a key selector', () => {
  it('finds the good key among unusable ones [JWK-01]', async () => {
    expect(await count([{ kty: 'XYZ' }, null, jwk(ec.publicKey, { kid: 'a' })], { alg: 'ES256', kid: 'a' })).toBe(1);
  });

  it('finds nothing in an empty set', async () => {
    expect(await count([], { alg: 'ES256' })).toBe(0);
  });

  it.each([
    ['another kid', { kid: 'b' }, 'a'],
    ['use enc', { use: 'enc' }],
    ['key_ops without verify', { key_ops: ['encrypt'] }],
    ['another alg', { alg: 'ES384' }],
  ])('passes over a key with %s [JWK-02 JWK-03 JWT-04]', async (_what, members, kid?: string) => {
    expect(await count([jwk(ec.publicKey, members)], { alg: 'ES256', ...(kid && { kid }) })).toBe(0);
  });

  it('passes over keys of another type or curve [JWT-04]', async () => {
    const keys = [jwk(p384.publicKey), jwk(rsa.publicKey), jwk(ed25519.publicKey)];
    expect(await count(keys, { alg: 'ES256' })).toBe(0);
    expect(await count(keys, { alg: 'ES384' })).toBe(1);
  });

  it('takes no other curve for Ed25519 [JWT-25]', async () => {
    for (const alg of ['Ed25519', 'EdDSA'] as const) {
      expect(await count([jwk(ed448.publicKey, { kid: 'a' })], { alg, kid: 'a' })).toBe(0);
      expect(await count([jwk(ed25519.publicKey, { kid: 'a' })], { alg, kid: 'a' })).toBe(1);
    }
  });

  it('tells keys with the same kid apart by their type [JWK-04]', async () => {
    const keys = [jwk(rsa.publicKey, { kid: 'a' }), jwk(ec.publicKey, { kid: 'a' })];
    expect(await count(keys, { alg: 'ES256', kid: 'a' })).toBe(1);
    expect(await count(keys, { alg: 'PS256', kid: 'a' })).toBe(1);
  });

  it('gives what it has found for one kid and algorithm to no other [JWT-04]', async () => {
    const { select } = publishKeys([
      jwk(ec.publicKey, { kid: 'a' }),
      jwk(otherEc.publicKey, { kid: 'a b' }),
      jwk(rsa.publicKey, { kid: 'b' }),
    ]);
    const data = Buffer.from('e30.e30');
    const byEc = sign('sha256', data, { key: ec.privateKey, dsaEncoding: 'ieee-p1363' });
    const byRsa = sign('sha256', data, rsa.privateKey);
    const verdictsOf = async (header: JwsHeader, signature: Uint8Array) =>
      Promise.all((await select(header)).map((key) => key.verify('e30.e30', signature)));
    for (let round = 0; round < 2; round += 1) {
      expect(await verdictsOf({ alg: 'ES256', kid: 'a' }, byEc)).toEqual([true]);
      expect(await verdictsOf({ alg: 'ES256', kid: 'a b' }, byEc)).toEqual([false]);
      expect(await verdictsOf({ alg: 'ES256' }, byEc)).toEqual([true, false]);
      expect(await verdictsOf({ alg: 'ES256', kid: 'c' }, byEc)).toEqual([]);
      expect(await verdictsOf({ alg: 'PS256', kid: 'b' }, byRsa)).toEqual([false]);
      expect(await verdictsOf({ alg: 'RS256', kid: 'b' }, byRsa)).toEqual([true]);
    }
  });

  it('remembers what it has found, and no name of which there is nothing', async () => {
    const { select } = publishKeys([jwk(ec.publicKey, { kid: 'a' })]);
    const [known, unknown] = [{ alg: 'ES256', kid: 'a' } as const, { alg: 'ES256', kid: 'b' } as const];
    const found = await select(known);
    expect(select(known)).toBe(found);
    expect(await select(unknown)).toEqual([]);
    expect(select(unknown)).toBeInstanceOf(Promise);
  });

  it('offers every key that fits a token without kid, up to a bound [JWK-04]', async () => {
    expect(await count([jwk(ec.publicKey), jwk(otherEc.publicKey)], { alg: 'ES256' })).toBe(2);
    expect(await count(Array(100).fill(jwk(ec.publicKey)), { alg: 'ES256' })).toBe(16);
  });

  it.each(['../../etc/passwd', "' OR 1=1 --", 'k'.repeat(10_240), '__proto__', 'constructor'])(
    'takes the kid %.20s as nothing but a name [JWT-08]',
    async (kid) => {
      expect(await count([jwk(ec.publicKey, { kid: 'a' })], { alg: 'ES256', kid })).toBe(0);
      expect(await count([jwk(ec.publicKey, { kid })], { alg: 'ES256', kid })).toBe(1);
    },
  );
});

describe('listKeys', () => {
  it('wants an array of keys', () => {
    expect(listKeys({ keys: [] })).toEqual([]);
    expect(listKeys({ keys: {} })).toBeUndefined();
    expect(listKeys({})).toBeUndefined();
  });

  it('takes 100 keys at most [JWK-09]', () => {
    expect(listKeys({ keys: Array(100).fill({}) })).toHaveLength(100);
    expect(listKeys({ keys: Array(101).fill({}) })).toBeUndefined();
  });
});
