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

const keyFetches = () => issuer.requests.filter(({ path }) => issuer.jwksUri.endsWith(path)).length;
const unknownKey = (index: number) => issuer.token({}, { header: { kid: `unknown-${index}` } });

describe('the keys of an issuer', () => {
  it('are fetched once for a hundred kids that it does not have, and good tokens do not wait for it [JWK-05]', async () => {
    await guard.verifier.ready();
    const good = await issuer.token();
    const bad = await Promise.all(Array.from({ length: 100 }, (_, index) => unknownKey(index)));
    issuer.fail('jwks', 'hang');
    const refused = Promise.all(bad.map((token) => guard.present(token)));
    expect(await guard.present(good)).toBe('accepted');
    await expect.poll(keyFetches).toBe(2);
    await guard.verifier.close();
    expect(new Set(await refused)).toEqual(new Set([503]));
  });

  it('that are new are found in the middle of a flood of kids that do not exist [JWK-05]', async () => {
    await guard.verifier.ready();
    await guard.present(await unknownKey(0));
    await issuer.rotateKeys();
    const rotated = await issuer.token();
    const accepted: number[] = [];
    for (let second = 1; second <= 20; second += 1) {
      clock.advance(1);
      const flood = Array.from({ length: 10 }, async (_, index) =>
        guard.present(await unknownKey(second * 10 + index)),
      );
      expect(new Set(await Promise.all(flood))).toEqual(new Set([401]));
      if ((await guard.present(rotated)) === 'accepted') accepted.push(second);
    }
    // The cooldown is five seconds: the flood cannot make it any longer.
    expect(accepted).toEqual(Array.from({ length: 16 }, (_, index) => index + 5));
    expect(keyFetches()).toBeLessThanOrEqual(6);
  });

  it('that changed under their kid are found [JWK-06]', async () => {
    await guard.verifier.ready();
    const [{ kid } = {}] = issuer.jwks().keys;
    await issuer.rotateKeys({ oldKeys: 'withdraw' });
    issuer.publish({ keys: issuer.jwks().keys.map((key) => ({ ...key, kid })) });
    expect(await guard.present(await issuer.token({}, { header: { kid } }))).toBe('accepted');
  });

  it('are found where neither they nor the tokens have a kid [JWK-04 JWK-06]', async () => {
    const publishWithoutKid = () => issuer.publish({ keys: issuer.jwks().keys.map(({ kid: _, ...key }) => key) });
    const anonymous = () => issuer.token({}, { header: { kid: undefined } });
    publishWithoutKid();
    expect(await guard.present(await anonymous())).toBe('accepted');
    await issuer.rotateKeys({ oldKeys: 'withdraw' });
    publishWithoutKid();
    clock.advance(5);
    expect(await guard.present(await anonymous())).toBe('accepted');
  });

  it('are fetched once in the cooldown for signatures that do not verify', async () => {
    await guard.verifier.ready();
    const forged = await issuer.token({}, { defect: 'foreign-key' });
    for (let round = 0; round < 50; round += 1) expect(await guard.present(forged)).toBe(401);
    expect(keyFetches()).toBe(2);
  });

  it('are not fetched for tokens that are bad in any case', async () => {
    for (const defect of ['expired', 'foreign-audience', 'typ-jwt', 'missing-token-id'] as const) {
      expect(await guard.present(await issuer.token({}, { defect }))).toBe(401);
    }
    expect(issuer.requests).toEqual([]);
  });

  it('are fetched directly between two refreshes, and by the metadata at each', async () => {
    await guard.verifier.ready();
    await guard.present(await unknownKey(0));
    expect(issuer.requests.map(({ path }) => issuer.metadataUri.endsWith(path))).toEqual([true, false, false]);
    issuer.publishMetadata({ jwks_uri: `${issuer.jwksUri}?moved` });
    clock.advance(600);
    expect(await guard.present(await issuer.token())).toBe('accepted');
    expect(issuer.requests).toHaveLength(5);
  });
});
