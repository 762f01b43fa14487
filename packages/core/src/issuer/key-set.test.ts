import { generateKeyPairSync } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { UnavailableError } from '../errors.ts';
import type { PublishedKeys } from './json-web-keys.ts';
import { createKeySet, type KeySet, type OfferedKeys } from './key-set.ts';
import { createVerificationKey, type VerificationKey } from './signature.ts';

const createKey = () => createVerificationKey('ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey);
const publicKey = createKey();
const otherKey = createKey();
const header = (kid: string) => ({ alg: 'ES256', kid }) as const;
const options = { refreshSeconds: 600, cooldownSeconds: 5, maxStaleSeconds: 3600 };

/** What the issuer publishes, by `kid`, how often it was asked, and the clock. */
let published: Map<string, VerificationKey>;
let isDown: boolean;
let fetches: number;
let now: number;
let keySet: KeySet;

async function load(before: PublishedKeys | undefined): Promise<PublishedKeys> {
  fetches += 1;
  await Promise.resolve();
  if (isDown) throw new UnavailableError('ERR_KEYS_UNAVAILABLE', options.cooldownSeconds);
  const keys = new Map(published);
  const text = [...keys.keys()].join();
  if (before?.text === text && [...keys.values()].every((key) => key === publicKey)) return before;
  return { text, select: async ({ kid = '' }) => [keys.get(kid)].filter((key) => key !== undefined) };
}

const advance = (seconds: number) => {
  now += seconds * 1000;
};
/** The keys that are good enough for somebody who knows their `kid`. */
async function findFirst(kid: string): Promise<Omit<OfferedKeys, 'renew'> | undefined> {
  const known = await keySet.select(header(kid));
  return known.keys.length > 0 ? known : known.renew();
}
const find = async (kid: string) => (await findFirst(kid))?.keys.length ?? 0;
/** Everything that is found for somebody whom nothing satisfies. */
async function exhaust(kid: string): Promise<VerificationKey[]> {
  const known = await keySet.select(header(kid));
  const newer = await known.renew();
  return [...known.keys, ...(newer?.keys ?? [])];
}
/** Lets what goes on in the background come to its end. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => {
  published = new Map([['a', publicKey]]);
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
    expect((await findFirst('a'))?.ageSeconds).toBe(42);
    expect(keySet.health()).toEqual({ ageSeconds: 42 });
  });

  it('finds a key that was published since, by one fetch for all who wait [JWK-05]', async () => {
    await keySet.ready();
    published.set('b', publicKey);
    advance(5);
    expect(await Promise.all(Array.from({ length: 100 }, () => find('b')))).toEqual(Array(100).fill(1));
    expect(fetches).toBe(2);
  });

  it('finds a key that was published right after the first fetch', async () => {
    await keySet.ready();
    published.set('b', publicKey);
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

  it('refreshes in the background before its keys are too old, so that nobody waits', async () => {
    await keySet.ready();
    published = new Map([['b', publicKey]]);
    advance(480);
    expect(await find('a')).toBe(1);
    await settle();
    expect(fetches).toBe(2);
    expect(await find('b')).toBe(1);
  });

  it('stops using a key that was withdrawn as soon as it fetches [JWK-06]', async () => {
    await keySet.ready();
    published = new Map();
    advance(480);
    await find('a');
    await settle();
    expect(await find('a')).toBe(0);
  });

  it('uses a withdrawn key no longer than its keys are good, however quiet the time was [JWK-06]', async () => {
    await keySet.ready();
    published = new Map();
    advance(600);
    expect(await find('a')).toBe(0);
  });

  it('finds a key that changed under its kid, for those whom the known one does not satisfy', async () => {
    await keySet.ready();
    published.set('a', otherKey);
    advance(5);
    expect(await exhaust('a')).toEqual([publicKey, otherKey]);
    expect(await exhaust('a')).toEqual([otherKey]);
  });

  it('gives nothing twice to those whom nothing satisfies, and fetches once in the cooldown for them', async () => {
    await keySet.ready();
    advance(5);
    for (let round = 0; round < 100; round += 1) expect(await exhaust('a')).toEqual([publicKey]);
    expect(fetches).toBe(2);
  });

  it('takes a signature that known keys refute as refuted while the issuer is down', async () => {
    await keySet.ready();
    isDown = true;
    advance(5);
    expect(await exhaust('a')).toEqual([publicKey]);
    expect(await exhaust('a')).toEqual([publicKey]);
  });

  it('gives keys that came meanwhile without another fetch', async () => {
    await keySet.ready();
    published.set('b', publicKey);
    advance(5);
    const known = await keySet.select(header('a'));
    expect(known.keys).toEqual([publicKey]);
    expect(await find('b')).toBe(1);
    expect((await known.renew())?.keys).toEqual([publicKey]);
    expect(fetches).toBe(2);
  });

  it('knows whether keys are those of the issuer now', async () => {
    await keySet.ready();
    const first = (await findFirst('a'))?.published as PublishedKeys;
    expect(keySet.isCurrent(first)).toBe(true);
    advance(480);
    await find('a');
    await settle();
    expect(fetches).toBe(2);
    expect(keySet.isCurrent(first)).toBe(true);
    published.set('b', publicKey);
    advance(5);
    await find('b');
    expect(keySet.isCurrent(first)).toBe(false);
  });

  it('does not call keys current that are too old to be used without asking', async () => {
    await keySet.ready();
    const first = (await findFirst('a'))?.published as PublishedKeys;
    advance(600);
    expect(keySet.isCurrent(first)).toBe(false);
  });

  it('makes one request wait where keys are too old, and no other while the issuer is down [JWK-06]', async () => {
    await keySet.ready();
    isDown = true;
    advance(600);
    expect(await find('a')).toBe(1);
    expect(fetches).toBe(2);
    // Twice the cooldown after the second failure, then four times, up to a minute.
    for (const [seconds, total] of [
      [4, 2],
      [1, 3],
      [9, 3],
      [1, 4],
      [20, 5],
      [40, 6],
      [60, 7],
      [60, 8],
    ] as const) {
      advance(seconds);
      expect(await find('a')).toBe(1);
      await settle();
      expect(fetches).toBe(total);
    }
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
    published.set('b', publicKey);
    expect(await find('b')).toBe(1);
    expect((await findFirst('b'))?.ageSeconds).toBe(0);
  });
});
