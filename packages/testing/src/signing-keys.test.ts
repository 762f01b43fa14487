import { compactVerify, importJWK } from 'jose';
import { expect, test } from 'vitest';
import { attackerKey, createSigningKey, type SigningAlgorithm } from './signing-keys.ts';
import { encode, signSegments } from './token.ts';

const algorithms: Readonly<Record<SigningAlgorithm, true>> = {
  ES256: true,
  ES384: true,
  ES512: true,
  EdDSA: true,
  Ed25519: true,
  PS256: true,
  PS384: true,
  PS512: true,
  RS256: true,
  RS384: true,
  RS512: true,
};

test.each(Object.keys(algorithms) as SigningAlgorithm[])(
  'makes %s signatures that jose verifies',
  async (algorithm) => {
    const key = await createSigningKey(algorithm, 'key-1');
    const token = await signSegments(key, encode(JSON.stringify({ alg: algorithm })), encode('payload'));
    const { payload } = await compactVerify(token, await importJWK(key.publicJwk));
    expect(new TextDecoder().decode(payload)).toBe('payload');
  },
);

test('publishes public members only', async () => {
  const { publicJwk } = await createSigningKey('ES256', 'key-1');
  expect(Object.keys(publicJwk).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
  expect(publicJwk).toMatchObject({ alg: 'ES256', kid: 'key-1', use: 'sig' });
});

test('keeps one attacker per algorithm', async () => {
  expect(await attackerKey('ES256')).toBe(await attackerKey('ES256'));
  expect(await attackerKey('ES384')).not.toBe(await attackerKey('ES256'));
});
