import { createVerifier } from '@gatehouse/core';
import { createTestIssuer } from '@gatehouse/testing';
import { SignJWT } from 'jose';
import { expect, test } from 'vitest';

type Claims = Readonly<Record<string, unknown>>;

test('a verifier whose metadata cannot be signed is not ready, and says why', async () => {
  await using issuer = await createTestIssuer({ audience: 'https://api.example' });
  const readyWith = (sign: (claims: Claims) => Promise<string>) =>
    createVerifier({ resource: 'https://api.example', issuers: [issuer.issuer], metadata: { sign } }).ready();
  const signToken = (claims: Claims) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(new Uint8Array(32));

  const error = new Error('no such key');
  await expect(readyWith(() => Promise.reject(error))).rejects.toBe(error);
  await expect(readyWith((claims) => signToken({ ...claims, scopes_supported: ['admin'] }))).rejects.toThrow(
    'metadata.sign must leave its claims as they are: scopes_supported.',
  );
  await expect(readyWith(signToken)).resolves.toBeUndefined();
});
