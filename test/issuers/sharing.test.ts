import { createIssuer, type Issuer } from '@gatehouse/core';
import { createTestClock, createTestIssuer, type TestClock, type TestIssuer } from '@gatehouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { guardBy, resource } from './guard.ts';

let clock: TestClock;
let server: TestIssuer;
let issuer: Issuer;

beforeEach(async () => {
  clock = createTestClock();
  server = await createTestIssuer({ audience: resource, clock });
  issuer = createIssuer(server.issuer, { now: clock.now });
});
afterEach(async () => {
  issuer.close();
  await server.close();
});

const guard = () => guardBy({ issuers: [issuer], now: clock.now });

describe('an issuer that verifiers share', () => {
  it('fetches its keys once for all of them', async () => {
    const guards = Array.from({ length: 5 }, guard);
    await issuer.ready();
    for (const { present } of guards) expect(await present(await server.token())).toBe('accepted');
    expect(server.requests).toHaveLength(2);
    expect(guards[0]?.verifier.health().issuers).toEqual([issuer.health()]);
  });

  it('outlives a verifier that is closed', async () => {
    const [first, second] = [guard(), guard()];
    await first.verifier.close();
    expect(await first.present(await server.token())).toBe(503);
    expect(await second.present(await server.token())).toBe('accepted');
  });

  it('is an outage for all of them once it is closed', async () => {
    const { present } = guard();
    issuer.close();
    expect(await present(await server.token())).toBe(503);
  });

  it.each([
    ['options', { issuer: 'https://as.example', jwksUrl: 'https://as.example/jwks' }, undefined],
    ['an environment', 'https://as.example', { now: 0 }],
  ])('is not made with %s that cannot be used', (_what, options, environment) => {
    expect(() => createIssuer(options as never, environment as never)).toThrow(
      expect.objectContaining({ name: 'ConfigurationError' }),
    );
  });
});
