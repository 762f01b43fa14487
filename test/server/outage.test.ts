import type { IssuerFault, TestIssuer } from '@gatehouse/testing';
import { describe, expect, test } from 'vitest';
import type { Answer } from './http.ts';
import { type Pair, startPair } from './pair.ts';

const claims = { scope: 'read:data' };
/** Short waits, so that tests need not wait long either. */
const impatient = { JWKS_COOLDOWN_MS: '20', JWKS_TIMEOUT_MS: '200' };
/** For a poll: the machine may be busy with other tests. */
const patience = { timeout: 10_000 };

function expectUnavailable({ status, headers, challenges, body }: Answer): void {
  expect(status).toBe(503);
  expect(headers['retry-after']).toEqual([expect.stringMatching(/^[1-9]\d*$/)]);
  expect(challenges).toEqual([]);
  expect(body).not.toMatch(/invalid_token|127\.0\.0\.1/);
}

const statusOf = async (pair: Pair) => (await pair.send('/read', claims)).status;
const fetchesOfKeys = ({ requests, jwksUri }: TestIssuer) =>
  requests.filter(({ path }) => path === new URL(jwksUri).pathname).length;

describe('before any keys are known', () => {
  test('an authorization server that is away is our outage, and heals by itself [DSC-08]', async () => {
    await using pair = await startPair({ JWKS_COOLDOWN_MS: '20' });
    await pair.issuer.stop();
    expectUnavailable(await pair.send('/read', claims));
    expect((await pair.send('/read')).status).toBe(401);
    expect((await pair.send('/public')).status).toBe(200);
    await pair.issuer.start();
    await expect.poll(() => statusOf(pair), patience).toBe(200);
  });

  test.each<readonly ['metadata' | 'jwks', IssuerFault]>([
    ['metadata', 'drip'],
    ['metadata', 'html'],
    ['jwks', 'hang'],
    ['jwks', 'malformed'],
    ['jwks', 'redirect'],
  ])('%s with the fault "%s" is our outage, and heals by itself', async (endpoint, fault) => {
    await using pair = await startPair(impatient);
    pair.issuer.fail(endpoint, fault);
    expectUnavailable(await pair.send('/read', claims));
    pair.issuer.heal();
    await expect.poll(() => statusOf(pair), patience).toBe(200);
  });

  test('silence is answered within six seconds with the usual time-outs', async () => {
    await using pair = await startPair();
    pair.issuer.fail('metadata', 'hang');
    const startedAt = performance.now();
    expectUnavailable(await pair.send('/read', claims));
    expect(performance.now() - startedAt).toBeLessThan(6000);
  });

  test('metadata of another issuer is nonsense, not a bad token [DSC-03]', async () => {
    await using pair = await startPair(impatient);
    pair.issuer.publishMetadata({ issuer: 'https://other.example' });
    expectUnavailable(await pair.send('/read', claims));
  });
});

describe('with keys', () => {
  test('good tokens stay good while the authorization server is away [JWK-06]', async () => {
    await using pair = await startPair({ JWKS_CACHE_MS: '1', JWKS_COOLDOWN_MS: '1' });
    expect(await statusOf(pair)).toBe(200);
    await pair.issuer.stop();
    for (const _ of [1, 2, 3]) expect(await statusOf(pair)).toBe(200);
  });

  test('a key that nobody can look up is our outage', async () => {
    await using pair = await startPair({ JWKS_COOLDOWN_MS: '1' });
    expect(await statusOf(pair)).toBe(200);
    await pair.issuer.stop();
    await pair.issuer.rotateKeys();
    expectUnavailable(await pair.send('/read', claims));
    await pair.issuer.start();
    await expect.poll(() => statusOf(pair), patience).toBe(200);
  });

  test('a withdrawn key stops being good once JWKS_CACHE_MS is over [JWK-06]', async () => {
    await using pair = await startPair({ JWKS_CACHE_MS: '20', JWKS_COOLDOWN_MS: '1' });
    const lines = ['authorization', `Bearer ${await pair.token(claims)}`];
    expect((await pair.send('/read', undefined, { lines })).status).toBe(200);
    await pair.issuer.rotateKeys({ oldKeys: 'withdraw' });
    await expect.poll(async () => (await pair.send('/read', undefined, { lines })).status, patience).toBe(401);
  });

  test('unknown keys cost no more than one fetch in JWKS_COOLDOWN_MS [JWK-05]', async () => {
    await using pair = await startPair({ JWKS_COOLDOWN_MS: '600000' });
    expect(await statusOf(pair)).toBe(200);
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, index) =>
        pair.send('/read', undefined, {
          lines: ['authorization', `Bearer ${await pair.token(claims, { header: { kid: `unknown-${index}` } })}`],
        }),
      ),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
    // The first one is what any start costs.
    expect(fetchesOfKeys(pair.issuer)).toBe(2);
  });
});
