import { createTestClock, createTestIssuer, type TestClock, type TestIssuer } from '@gatehouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Guard, guardBy, resource } from './guard.ts';

let clock: TestClock;
let issuer: TestIssuer;
let guard: Guard;

beforeEach(async () => {
  clock = createTestClock();
  issuer = await createTestIssuer({ audience: resource, clock });
  guard = guardBy({ issuers: [issuer.issuer], now: clock.now });
});
afterEach(async () => {
  await guard.verifier.close();
  await issuer.close();
});

/** A token that is remembered. */
async function remember(claims: Record<string, unknown> = {}): Promise<string> {
  const token = await issuer.token({ exp: Math.floor(clock.now() / 1000) + 7200, ...claims });
  expect(await guard.present(token)).toBe('accepted');
  expect(await guard.present(token)).toBe('accepted');
  expect(guard.lastSource()).toBe('token-cache');
  return token;
}

describe('a token that was verified before', () => {
  it('is accepted without another signature check, and says how old the last one is', async () => {
    const token = await remember();
    clock.advance(42);
    expect(await guard.present(token)).toBe('accepted');
    expect(guard.decisions.at(-1)?.checks).toEqual([{ check: 'signature', source: 'token-cache', ageSeconds: 42 }]);
    expect(guard.verifier.health().cachedTokens).toBe(1);
  });

  it('meets every requirement again [BRR-15]', async () => {
    const token = await remember({ scope: 'read' });
    expect(await guard.present(token, 'read')).toBe('accepted');
    expect(await guard.present(token, 'write')).toBe(403);
  });

  it('is one of many: another token of the same agent is verified itself [JWT-17]', async () => {
    const token = await remember({ jti: 'the same', scope: 'read' });
    const other = await issuer.token({ jti: 'the same', scope: 'read write' });
    expect(await guard.present(other, 'write')).toBe('accepted');
    expect(guard.lastSource()).toBe('issuer-keys');
    expect(await guard.present(token, 'write')).toBe(403);
  });

  it('lends nothing to a token that differs in its signature alone [JWT-17]', async () => {
    const token = await remember();
    const [header, payload, signature = ''] = token.split('.');
    const forged = `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
    expect(await guard.present([header, payload, forged].join('.'))).toBe(401);
    expect(await guard.present(token)).toBe('accepted');
  });

  it('ends when it expires [JWT-11]', async () => {
    const token = await remember({ exp: Math.floor(clock.now() / 1000) + 60 });
    clock.advance(65);
    expect(await guard.present(token)).toBe(401);
    expect(guard.decisions.at(-1)).toMatchObject({
      refusal: { code: 'ERR_TOKEN_EXPIRED' },
      unverified: { sub: expect.any(String) },
    });
  });

  it('ends with the key that signed it, as soon as that is known to be withdrawn [JWK-06]', async () => {
    const token = await remember();
    await issuer.rotateKeys({ oldKeys: 'withdraw' });
    clock.advance(5);
    expect(await guard.present(await issuer.token())).toBe('accepted');
    expect(await guard.present(token)).toBe(401);
    expect(guard.decisions.at(-1)?.refusal?.code).toBe('ERR_TOKEN_KEY');
  });

  it('ends with its key after a quiet time, too [JWK-06]', async () => {
    const token = await remember();
    issuer.publish({ keys: [] });
    clock.advance(600);
    expect(await guard.present(token)).toBe(401);
  });

  it('ends with a key that changed under its kid', async () => {
    const token = await remember();
    const [{ kid } = {}] = issuer.jwks().keys;
    await issuer.rotateKeys({ oldKeys: 'withdraw' });
    issuer.publish({ keys: issuer.jwks().keys.map((key) => ({ ...key, kid })) });
    clock.advance(5);
    expect(await guard.present(await issuer.token({}, { header: { kid } }))).toBe('accepted');
    expect(await guard.present(token)).toBe(401);
    expect(guard.decisions.at(-1)?.refusal?.code).toBe('ERR_TOKEN_SIGNATURE');
  });

  it('serves on while its issuer is down, and no longer than the keys of the issuer [JWK-06 DSC-08]', async () => {
    const token = await remember();
    await issuer.stop();
    clock.advance(3599);
    expect(await guard.present(token)).toBe('accepted');
    clock.advance(1);
    expect(await guard.present(token)).toBe(503);
  });

  it('is refused by a verifier that has been closed', async () => {
    const token = await remember();
    await guard.verifier.close();
    expect(await guard.present(token)).toBe(503);
  });

  it('is not known to another verifier', async () => {
    const token = await remember();
    const other = guardBy({ issuers: [{ issuer: issuer.issuer, audience: 'https://other.example' }], now: clock.now });
    expect(await other.present(token)).toBe(401);
  });
});

describe('what is not remembered', () => {
  it.each(['expired', 'foreign-audience', 'foreign-issuer', 'unknown-key', 'foreign-key'] as const)(
    'a token with the defect %s',
    async (defect) => {
      const token = await issuer.token({}, { defect });
      for (let round = 0; round < 2; round += 1) expect(await guard.present(token)).toBe(401);
      expect(guard.verifier.health().cachedTokens).toBe(0);
    },
  );

  it('a token whose act claim is refused after its signature was verified [ACT-03]', async () => {
    const token = await issuer.token({ act: 'researcher' });
    for (let round = 0; round < 2; round += 1) expect(await guard.present(token)).toBe(401);
    expect(guard.verifier.health().cachedTokens).toBe(0);
  });

  it('any token, where none shall be', async () => {
    guard = guardBy({ issuers: [issuer.issuer], now: clock.now, limits: { cachedTokens: 0 } });
    const token = await issuer.token();
    for (let round = 0; round < 3; round += 1) expect(await guard.present(token)).toBe('accepted');
    expect(guard.lastSource()).toBe('issuer-keys');
  });

  it('more tokens than the limit', async () => {
    guard = guardBy({ issuers: [issuer.issuer], now: clock.now, limits: { cachedTokens: 10 } });
    for (let round = 0; round < 30; round += 1) await guard.present(await issuer.token());
    expect(guard.verifier.health().cachedTokens).toBeLessThanOrEqual(10);
  });
});
