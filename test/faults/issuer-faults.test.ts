import {
  createVerifier,
  type HttpRequest,
  type IssuerOptions,
  type Outcome,
  type Verifier,
  type VerifierOptions,
} from '@gatehouse/core';
import { createTestClock, createTestIssuer, issuerFaults, type TestClock, type TestIssuer } from '@gatehouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const resource = 'https://api.example';
const keys = { timeoutSeconds: 0.5, cooldownSeconds: 5, refreshSeconds: 600, maxStaleSeconds: 3600 };

let clock: TestClock;
let issuer: TestIssuer;
let verifier: Verifier;

beforeEach(async () => {
  clock = createTestClock();
  issuer = await createTestIssuer({ audience: resource, clock });
  verifier = guardBy({});
});
afterEach(async () => {
  await verifier.close();
  await issuer.close();
});

function guardBy(changes: Partial<IssuerOptions>, options: Partial<VerifierOptions> = {}): Verifier {
  const { now } = clock;
  return createVerifier({ resource, issuers: [{ issuer: issuer.issuer, keys, ...changes }], now, ...options });
}

async function check(token: string | Promise<string> = issuer.token()): Promise<Outcome> {
  const headers = { authorization: [`Bearer ${await token}`] };
  const request: HttpRequest = { method: 'GET', target: '/', headers };
  return verifier.check(request);
}
async function present(token?: string | Promise<string>) {
  const outcome = await check(token);
  return outcome.outcome === 'refused' ? outcome.response.status : outcome.outcome;
}
const keyFetches = () => issuer.requests.filter(({ path }) => issuer.jwksUri.endsWith(path)).length;

describe('an issuer', () => {
  it.each(['', '/', '/tenant/1', '/tenant/1/'])(
    'with the path %j is found by its metadata [DSC-01 DSC-02]',
    async (path) => {
      for (const metadata of ['oauth', 'openid'] as const) {
        await issuer.close();
        issuer = await createTestIssuer({ audience: resource, clock, path, metadata });
        // The first fetch of a process loads what it needs, however short the timeout for faults is.
        verifier = guardBy({ keys: { ...keys, timeoutSeconds: 10 } });
        expect(await present()).toBe('accepted');
      }
    },
  );

  it('needs no metadata where its keys are configured', async () => {
    issuer.fail('metadata', 'server-error');
    verifier = guardBy({ jwksUri: issuer.jwksUri });
    expect(await present()).toBe('accepted');
    await issuer.stop();
    verifier = guardBy({ jwks: issuer.jwks() });
    expect(await present()).toBe('accepted');
  });

  it('is asked for its metadata and its keys once by 50 requests that come at once', async () => {
    const token = await issuer.token();
    expect(await Promise.all(Array.from({ length: 50 }, () => present(token)))).toEqual(Array(50).fill('accepted'));
    expect(issuer.requests).toHaveLength(2);
  });

  it('is asked for nothing by tokens of other issuers [DSC-07]', async () => {
    for (const defect of ['foreign-issuer', 'typ-jwt', 'unsigned', 'two-segments'] as const) {
      expect(await present(issuer.token({}, { defect }))).toBe(401);
    }
    expect(issuer.requests).toEqual([]);
  });

  it('may rotate its keys at any time [JWK-06]', async () => {
    const before = await issuer.token();
    expect(await present(before)).toBe('accepted');
    await issuer.rotateKeys({ oldKeys: 'withdraw' });
    clock.advance(5);
    expect(await present()).toBe('accepted');
    expect(await present(before)).toBe(401);
  });

  it('is asked at most once in the cooldown for keys that it does not have [JWK-05]', async () => {
    expect(await present()).toBe('accepted');
    const token = await issuer.token({}, { defect: 'unknown-key' });
    clock.advance(5);
    expect(await Promise.all(Array.from({ length: 100 }, () => present(token)))).toEqual(Array(100).fill(401));
    expect(keyFetches()).toBe(2);
  });

  it('that publishes an empty set has no keys any more', async () => {
    expect(await present()).toBe('accepted');
    issuer.publish({ keys: [] });
    clock.advance(600);
    await present();
    await expect.poll(() => present()).toBe(401);
  });
});

describe.each(['metadata', 'jwks'] as const)('a fault of the %s', (endpoint) => {
  it.each(issuerFaults)('answers 503 while it lasts, and heals by itself: %s [DSC-05 DSC-08 JWK-09]', async (fault) => {
    const token = await issuer.token();
    issuer.fail(endpoint, fault);
    const startedAt = performance.now();
    const outcome = await check(token);
    // One timeout for everything, and what a busy machine adds.
    expect(performance.now() - startedAt).toBeLessThan(keys.timeoutSeconds * 1000 + 500);
    expect(outcome).toMatchObject({
      error: { class: 'UnavailableError' },
      response: { status: 503, headers: { 'retry-after': ['5'] } },
    });
    expect(JSON.stringify(outcome)).not.toContain('invalid_token');
    expect(verifier.health().issuers[0]?.keys.lastError).toMatch(
      endpoint === 'metadata' ? /^ERR_METADATA_/ : /^ERR_KEYS_/,
    );
    issuer.heal();
    clock.advance(5);
    expect(await present(token)).toBe('accepted');
    expect(verifier.health().issuers[0]?.keys).toEqual({ ageSeconds: 0 });
  });

  it.each(issuerFaults)('does not touch callers whose keys are known: %s [JWK-06]', async (fault) => {
    await verifier.ready();
    issuer.fail(endpoint, fault);
    clock.advance(600);
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => present()));
    expect(outcomes).toEqual(Array(20).fill('accepted'));
    await expect.poll(() => verifier.health().issuers[0]?.keys.lastError).toBeDefined();
    expect(await present()).toBe('accepted');
  });
});

describe('an issuer in trouble', () => {
  it('that answers slowly, but in time, is waited for once', async () => {
    const { fetch } = globalThis;
    let fetches = 0;
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const slowFetch: typeof fetch = async (input, init) => {
      fetches += 1;
      const response = await fetch(input, init);
      await released;
      return response;
    };
    verifier = guardBy({ keys: { ...keys, timeoutSeconds: 10 } }, { fetch: slowFetch });
    const token = await issuer.token();
    const waiting = Array.from({ length: 50 }, () => present(token));
    await expect.poll(() => issuer.requests.length).toBe(1);
    release();
    expect(await Promise.all(waiting)).toEqual(Array(50).fill('accepted'));
    expect(fetches).toBe(2);
  });

  it('whose first metadata keeps silent is found by the second', async () => {
    await issuer.close();
    issuer = await createTestIssuer({ audience: resource, clock, metadata: 'openid' });
    const { fetch } = globalThis;
    const deafFetch: typeof fetch = (input, init) =>
      String(input).includes('oauth-authorization-server') ? new Promise(() => undefined) : fetch(input, init);
    verifier = guardBy({ keys: { ...keys, timeoutSeconds: 3 } }, { fetch: deafFetch });
    expect(await present()).toBe('accepted');
  });

  it('that rotates its keys while it is down is believed when it is back', async () => {
    const before = await issuer.token();
    expect(await present(before)).toBe('accepted');
    await issuer.stop();
    await issuer.rotateKeys({ oldKeys: 'withdraw' });
    const after = await issuer.token();
    clock.advance(5);
    expect(await present(after)).toBe(503);
    expect(await present(before)).toBe('accepted');
    await issuer.start();
    clock.advance(5);
    expect(await present(after)).toBe('accepted');
    expect(await present(before)).toBe(401);
  });

  it('with an empty set refuses tokens, and heals with the first key', async () => {
    issuer.publish({ keys: [] });
    expect(await present()).toBe(401);
    await issuer.rotateKeys();
    expect(await present()).toBe('accepted');
  });
});

describe('an issuer that is down', () => {
  it('answers 503 to cold callers without asking again before the cooldown is over', async () => {
    const token = await issuer.token();
    await issuer.stop();
    expect(await present(token)).toBe(503);
    await issuer.start();
    expect(await present(token)).toBe(503);
    expect(issuer.requests).toEqual([]);
    clock.advance(5);
    expect(await present(token)).toBe('accepted');
  });

  it('is a rejection of ready(), with the code of the cause', async () => {
    await issuer.stop();
    await expect(verifier.ready()).rejects.toMatchObject({ code: 'ERR_METADATA_UNAVAILABLE' });
    await issuer.start();
    clock.advance(5);
    await expect(verifier.ready()).resolves.toBeUndefined();
  });

  it('is not waited for by close()', async () => {
    issuer.fail('jwks', 'hang');
    verifier = guardBy({ keys: { ...keys, timeoutSeconds: 60 } });
    const waiting = present();
    await expect.poll(keyFetches).toBe(1);
    await verifier.close();
    expect(await waiting).toBe(503);
  });
});
