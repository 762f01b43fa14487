import type { IssuerFault } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Answer } from './http.ts';
import { presentTo, questionsOf, startIntrospectingPair } from './introspecting-pair.ts';
import type { Pair } from './pair.ts';

const claims = { scope: 'read:data' };
/** For a poll: the machine may be busy with other tests. */
const patience = { timeout: 10_000 };

const statusOf = async (pair: Pair, token: string) => (await presentTo(pair, token)).status;

function expectUnavailable({ status, headers, challenges, body }: Answer): void {
  expect(status).toBe(503);
  expect(headers['retry-after']).toEqual([expect.stringMatching(/^[1-9]\d*$/)]);
  expect(challenges).toEqual([]);
  expect(body).not.toMatch(/invalid_token|127\.0\.0\.1|secret/);
}

describe('TOKEN_MODE', () => {
  test('of "jwt" takes no opaque tokens, and asks nobody', async () => {
    await using pair = await startIntrospectingPair({ TOKEN_MODE: 'jwt' });
    expect((await pair.send('/read', claims)).status).toBe(401);
    expect(await statusOf(pair, await pair.token(claims, { format: 'jwt' }))).toBe(200);
    expect(questionsOf(pair)).toBe(0);
  });
});

describe('INTROSPECTION_CACHE_TTL_MS', () => {
  test('is how long an answer counts', async () => {
    await using pair = await startIntrospectingPair({ INTROSPECTION_CACHE_TTL_MS: '600000' });
    const token = await pair.token(claims);
    for (const _ of [1, 2, 3]) expect(await statusOf(pair, token)).toBe(200);
    pair.issuer.revoke(token);
    expect(await statusOf(pair, token)).toBe(200);
    expect(questionsOf(pair)).toBe(1);
  });

  test('is the longest time for which a revoked token is still taken [REV-01]', async () => {
    await using pair = await startIntrospectingPair({ INTROSPECTION_CACHE_TTL_MS: '100' });
    for (const format of ['opaque', 'jwt'] as const) {
      const token = await pair.token(claims, { format });
      expect(await statusOf(pair, token)).toBe(200);
      pair.issuer.revoke(token);
      await expect.poll(() => statusOf(pair, token), patience).toBe(401);
    }
  });
});

describe('INTROSPECTION_CLIENT_SECRET', () => {
  test('that the authorization server does not take is our outage [INT-08]', async () => {
    await using pair = await startIntrospectingPair({ INTROSPECTION_CLIENT_SECRET: 'another' });
    expectUnavailable(await pair.send('/read', claims));
  });
});

describe('an introspection endpoint', () => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await startIntrospectingPair({ INTROSPECTION_TIMEOUT_MS: '200' });
  });
  afterAll(() => pair[Symbol.asyncDispose]());

  test.each<IssuerFault>([
    'hang',
    'drip',
    'reset',
    'server-error',
    'html',
    'malformed',
    'truncated',
    'huge',
    'redirect',
  ])('with the fault "%s" is our outage, and heals by itself [INT-09]', async (fault) => {
    const token = await pair.token(claims);
    await expect.poll(() => statusOf(pair, token), patience).toBe(200);
    pair.issuer.fail('introspection', fault);
    expectUnavailable(await presentTo(pair, token));
    expect((await pair.send('/public')).status).toBe(200);
    pair.issuer.heal();
    await expect.poll(() => statusOf(pair, token), patience).toBe(200);
  });

  test('that is away for many requests is our outage, and heals by itself [INT-09]', async () => {
    const tokens = await Promise.all(Array.from({ length: 20 }, () => pair.token(claims)));
    await pair.issuer.stop();
    for (const answer of await Promise.all(tokens.map((token) => presentTo(pair, token)))) expectUnavailable(answer);
    await pair.issuer.start();
    for (const token of tokens) await expect.poll(() => statusOf(pair, token), patience).toBe(200);
  });

  test('that is silent is our outage within six seconds with the usual time-outs [INT-09]', async () => {
    await using usual = await startIntrospectingPair({ INTROSPECTION_TIMEOUT_MS: '' });
    const token = await usual.token(claims);
    usual.issuer.fail('introspection', 'hang');
    const startedAt = performance.now();
    expectUnavailable(await presentTo(usual, token));
    expect(performance.now() - startedAt).toBeLessThan(6000);
  });
});
