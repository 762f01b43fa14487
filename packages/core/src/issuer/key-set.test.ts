import { type CryptoKey, generateKeyPair } from 'jose';
import { beforeEach, describe, expect, it } from 'vitest';
import { UnavailableError } from '../errors.ts';
import type { SelectKeys } from './json-web-keys.ts';
import { createKeySet, type KeySet } from './key-set.ts';

const { publicKey } = await generateKeyPair('ES256');
const header = (kid: string) => ({ alg: 'ES256', kid });
const options = { refreshSeconds: 600, cooldownSeconds: 5, maxStaleSeconds: 3600 };

/** What the issuer publishes, how often it was asked, and the clock. */
let published: Set<string>;
let isDown: boolean;
let fetches: number;
let now: number;
let keySet: KeySet;

async function load(): Promise<SelectKeys> {
  fetches += 1;
  await Promise.resolve();
  if (isDown) throw new UnavailableError('ERR_KEYS_UNAVAILABLE', options.cooldownSeconds);
  const kids = new Set(published);
  return async ({ kid }): Promise<CryptoKey[]> => (kid !== undefined && kids.has(kid) ? [publicKey] : []);
}

const advance = (seconds: number) => {
  now += seconds * 1000;
};
const find = async (kid: string) => (await keySet.find(header(kid))).keys.length;
/** Lets what goes on in the background come to its end. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => {
  published = new Set(['a']);
  isDown = false;
  fetches = 0;
  now = 1_800_000_000_000;
  keySet = createKeySet({ ...options, load, now: () => now });
});

describe('a key set', () => {
  it('fetches nothing before it is asked', () => {
    expect(fetches).toBe(0);
    expect(keySet.health()).toEqual({});
  });

  it('fetches once for all who ask while it is empty', async () => {
    expect(await Promise.all(Array.from({ length: 50 }, () => find('a')))).toEqual(Array(50).fill(1));
    expect(fetches).toBe(1);
  });

  it('says how old its keys are', async () => {
    await keySet.ready();
    advance(42);
    expect((await keySet.find(header('a'))).ageSeconds).toBe(42);
    expect(keySet.health()).toEqual({ ageSeconds: 42 });
  });

  it('finds a key that was published since, by one fetch for all who wait [JWK-05]', async () => {
    await keySet.ready();
    published.add('b');
    advance(5);
    expect(await Promise.all(Array.from({ length: 100 }, () => find('b')))).toEqual(Array(100).fill(1));
    expect(fetches).toBe(2);
  });

  it('finds a key that was published right after the first fetch', async () => {
    await keySet.ready();
    published.add('b');
    expect(await find('b')).toBe(1);
  });

  it('does not fetch a second time for an unknown key in a set that is new', async () => {
    expect(await Promise.all(Array.from({ length: 100 }, (_, index) => find(`unknown-${index}`)))).toEqual(
      Array(100).fill(0),
    );
    expect(fetches).toBe(1);
  });

  it('fetches at most once in the cooldown, however many unknown keys are named [JWK-05]', async () => {
    await keySet.ready();
    for (let round = 0; round < 100; round += 1) expect(await find(`unknown-${round}`)).toBe(0);
    expect(fetches).toBe(2);
    advance(5);
    for (let round = 0; round < 100; round += 1) expect(await find(`unknown-${round}`)).toBe(0);
    expect(fetches).toBe(3);
  });

  it('lets known keys pass at once while an unknown one is being looked for [JWK-05]', async () => {
    await keySet.ready();
    advance(5);
    const unknown = find('unknown');
    isDown = true;
    expect(await find('a')).toBe(1);
    expect(await unknown.catch(() => 'refused')).toBe('refused');
  });

  it('refreshes in the background, so that nobody waits', async () => {
    await keySet.ready();
    published = new Set(['b']);
    advance(600);
    expect(await find('a')).toBe(1);
    await settle();
    expect(fetches).toBe(2);
    expect(await find('b')).toBe(1);
  });

  it('stops using a key that was withdrawn, once it learns of it [JWK-06]', async () => {
    await keySet.ready();
    published = new Set();
    advance(600);
    await find('a');
    await settle();
    expect(await find('a')).toBe(0);
  });

  it('keeps serving known keys while the issuer is down, and says so [JWK-06]', async () => {
    await keySet.ready();
    isDown = true;
    advance(3599);
    expect(await find('a')).toBe(1);
    await settle();
    expect(keySet.health()).toEqual({ ageSeconds: 3599, lastError: 'ERR_KEYS_UNAVAILABLE' });
  });

  it('stops using keys at the hard limit, as an outage and not as a bad token [JWK-06 DSC-08]', async () => {
    await keySet.ready();
    isDown = true;
    advance(3600);
    await expect(find('a')).rejects.toMatchObject({ status: 503, code: 'ERR_KEYS_UNAVAILABLE' });
  });

  it('is unavailable for an unknown key while the last fetch failed: the token may be good', async () => {
    await keySet.ready();
    isDown = true;
    advance(5);
    await expect(find('b')).rejects.toBeInstanceOf(UnavailableError);
    await expect(find('b')).rejects.toBeInstanceOf(UnavailableError);
    expect(await find('a')).toBe(1);
    expect(fetches).toBe(2);
  });

  it('does not ask again within the cooldown after a failure, and says when to retry', async () => {
    isDown = true;
    await expect(find('a')).rejects.toBeInstanceOf(UnavailableError);
    advance(2);
    await expect(find('a')).rejects.toMatchObject({ retryAfterSeconds: 3 });
    expect(fetches).toBe(1);
  });

  it('heals by itself after the cooldown', async () => {
    isDown = true;
    await expect(keySet.ready()).rejects.toBeInstanceOf(UnavailableError);
    isDown = false;
    advance(5);
    expect(await find('a')).toBe(1);
    expect(keySet.health()).toEqual({ ageSeconds: 0 });
  });

  it('keeps serving when the clock is set back while the issuer is down', async () => {
    await keySet.ready();
    isDown = true;
    advance(-0.001);
    expect(await find('a')).toBe(1);
    advance(-86_400);
    expect(await find('a')).toBe(1);
  });

  it('names no time to retry beyond the cooldown, whatever the clock does', async () => {
    await keySet.ready();
    isDown = true;
    await expect(find('b')).rejects.toMatchObject({ retryAfterSeconds: 5 });
    advance(2);
    await expect(find('b')).rejects.toMatchObject({ retryAfterSeconds: 3 });
    advance(-86_400);
    await expect(find('b')).rejects.toMatchObject({ retryAfterSeconds: 5 });
  });

  it('goes on fetching when the clock is set back', async () => {
    await keySet.ready();
    advance(-86_400);
    published.add('b');
    expect(await find('b')).toBe(1);
    expect((await keySet.find(header('b'))).ageSeconds).toBe(0);
  });
});
