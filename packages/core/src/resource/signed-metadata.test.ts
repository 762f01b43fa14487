import { errors, jwtVerify, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../json.ts';
import { createSignedMetadata, type SigningOptions } from './signed-metadata.ts';

const resource = 'https://api.example/v2';
const members: JsonObject = {
  resource,
  authorization_servers: ['https://as.example'],
  bearer_methods_supported: ['header'],
  'resource_name#it': 'La API',
  'x-plan': { name: 'beta', limits: [1, { a: null }] },
};
/** Metadata may be MACed (RFC 9728 §2.2), which is quick. */
const key = new Uint8Array(32);
const start = Date.UTC(2026, 0, 1);
const startSeconds = start / 1000;

const signToken = (claims: JsonObject) => new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(key);

/** A signer under test, its clock, and how often it was called. */
function setUp(sign: SigningOptions['sign'], timeoutSeconds = 10) {
  const state = { now: start, calls: 0 };
  const signed = createSignedMetadata(members, {
    sign(claims) {
      state.calls += 1;
      return sign(claims);
    },
    now: () => state.now,
    timeoutSeconds,
  });
  const advance = (seconds: number) => {
    state.now += seconds * 1000;
  };
  return { signed, state, advance };
}

const attempt = (sign: SigningOptions['sign']) => setUp(sign).signed.get();
/** What becomes of good claims with these changes. */
const attemptWith = (changes: JsonObject) => attempt((claims) => signToken({ ...claims, ...changes }));

describe('signed metadata', () => {
  it('has every member as a claim, and the resource as who attests to them [PRM-15]', async () => {
    const { payload } = await jwtVerify(await attempt(signToken), key);
    expect(payload).toEqual({ iss: resource, ...members });
    expect(payload).not.toHaveProperty('signed_metadata');
  });

  it('hands out claims that nobody can change', async () => {
    const tamper = (claims: JsonObject) => {
      Object.assign(claims, { resource: 'https://evil.example' });
      return signToken(claims);
    };
    await expect(attempt(tamper)).rejects.toThrow(TypeError);
    const tamperWithin = (claims: JsonObject) => {
      (claims['authorization_servers'] as string[]).push('https://evil.example');
      return signToken(claims);
    };
    await expect(attempt(tamperWithin)).rejects.toThrow(TypeError);
  });

  it.each([
    { iss: 'https://trust.example' },
    { sub: resource, aud: ['https://a.example'], iat: startSeconds, nbf: startSeconds, jti: 'a' },
    { exp: startSeconds + 7200 },
    { exp: startSeconds + 86_400 },
  ])('may say %o of the signature itself [PRM-15]', async (changes) => {
    const { payload } = await jwtVerify(await attemptWith(changes), key, { currentDate: new Date(start) });
    expect(payload).toEqual({ iss: resource, ...members, ...changes });
  });

  it('takes a signature that names its members in another order', async () => {
    const reverse = (claims: JsonObject) => signToken(Object.fromEntries(Object.entries(claims).reverse()));
    await expect(attempt(reverse)).resolves.toBeTypeOf('string');
  });

  it.each([
    ['another resource', { resource: `${resource}/` }, 'resource'],
    ['a member that is gone', { 'resource_name#it': undefined }, 'resource_name#it'],
    ['other authorization servers', { authorization_servers: ['https://as.example/'] }, 'authorization_servers'],
    ['a change at depth', { 'x-plan': { name: 'beta', limits: [1, { a: 0 }] } }, 'x-plan'],
    ['a member more', { scopes_supported: ['admin'] }, 'scopes_supported'],
    ['signed metadata within', { signed_metadata: 'a.b.c' }, 'signed_metadata'],
    ['a member named as what objects inherit', { toString: 'x' }, 'toString'],
    ['two changes', { resource: 1, a: 1 }, 'resource, a'],
  ])('refuses %s: signed values would win over plain ones [PRM-15]', async (_, changes, names) => {
    const message = `metadata.sign must leave its claims as they are: ${names}.`;
    await expect(attemptWith(changes)).rejects.toThrow(new TypeError(message));
  });

  it.each([
    ['no', { iss: undefined }],
    ['an empty', { iss: '' }],
  ])('refuses %s iss [PRM-15]', async (_, changes) => {
    await expect(attemptWith(changes)).rejects.toThrow('must give a JWT with iss');
  });

  it.each([startSeconds + 7199, startSeconds, 0])(
    'refuses to expire at %d, while caches still have it',
    async (exp) => {
      await expect(attemptWith({ exp })).rejects.toThrow('must give a JWT that lasts for two hours at least');
    },
  );

  it.each([
    ['nothing', undefined],
    ['an object', { jwt: 'a.b.c' }],
    ['an empty text', ''],
    ['the claims', '{"iss":"https://api.example"}'],
    ['a token without signature', 'eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJhIn0.'],
    ['a token without algorithm', 'e30.eyJpc3MiOiJhIn0.AAAA'],
    ['a token of the algorithm none', 'eyJhbGciOiJub25lIn0.eyJpc3MiOiJhIn0.AAAA'],
    ['two segments', 'eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJhIn0'],
    ['an encrypted token', 'eyJhbGciOiJkaXIifQ..AAAA.AAAA.AAAA'],
    ['a token with a line break', 'eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJhIn0.AAAA\n'],
  ])('refuses %s [PRM-15]', async (_, given) => {
    const message = 'metadata.sign must give a compact JWS with a signature.';
    await expect(attempt(() => given as string)).rejects.toThrow(new TypeError(message));
    // What differs from it in nothing but the claims is read.
    await expect(attempt(() => 'eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJhIn0.AAAA')).rejects.toThrow('as they are');
  });

  it('passes on what the signer throws', async () => {
    const error = new errors.JOSEError('no such key');
    await expect(attempt(() => Promise.reject(error))).rejects.toBe(error);
    const throwing = () => {
      throw error;
    };
    await expect(attempt(throwing)).rejects.toBe(error);
  });

  it('does not wait for ever', async () => {
    const deaf = setUp(() => new Promise(() => undefined), 0.05);
    await expect(deaf.signed.get()).rejects.toThrow('metadata.sign took longer than 0.05 seconds.');
  });
});

describe('the signer', () => {
  it('is called once for all who wait, and for all who come within the hour', async () => {
    const { signed, state, advance } = setUp(signToken);
    expect(state.calls).toBe(0);
    const jwts = await Promise.all([signed.get(), signed.get(), signed.ready()]);
    advance(3599);
    expect(await signed.get()).toBe(jwts[0]);
    expect(state.calls).toBe(1);
  });

  it('is called again after an hour, counted from when it began', async () => {
    const { signed, state, advance } = setUp(async (claims) => {
      if (state.calls === 1) advance(600);
      return signToken(claims);
    });
    await signed.get();
    advance(2999);
    await signed.get();
    expect(state.calls).toBe(1);
    advance(1);
    await Promise.all([signed.get(), signed.get()]);
    expect(state.calls).toBe(2);
  });

  it('is not called again within five seconds of a failure, and heals', async () => {
    const { signed, state, advance } = setUp((claims) => {
      if (state.calls < 3) throw new Error(`outage ${state.calls}`);
      return signToken(claims);
    });
    await expect(signed.get()).rejects.toThrow('outage 1');
    advance(4.999);
    await expect(Promise.all([signed.get(), signed.get()])).rejects.toThrow('outage 1');
    advance(0.001);
    await expect(signed.get()).rejects.toThrow('outage 2');
    advance(5);
    await expect(signed.get()).resolves.toBeTypeOf('string');
    expect(state.calls).toBe(3);
  });

  it('gets its five seconds from when it failed, however long that took', async () => {
    const { signed, state, advance } = setUp(async () => {
      advance(60);
      throw new Error('outage');
    });
    await expect(signed.get()).rejects.toThrow('outage');
    await expect(signed.get()).rejects.toThrow('outage');
    expect(state.calls).toBe(1);
  });

  it('has no old signature to fall back on after the hour: nobody knows when that ends', async () => {
    const { signed, state, advance } = setUp((claims) => {
      if (state.calls > 1) throw new Error('outage');
      return signToken(claims);
    });
    await signed.get();
    advance(3600);
    await expect(signed.get()).rejects.toThrow('outage');
    await expect(signed.ready()).resolves.toBeUndefined();
  });

  it('is called again when the clock is set back, but not while it is at work', async () => {
    let finish = (_jwt: string) => {};
    const { signed, state, advance } = setUp((claims) =>
      state.calls === 1 ? new Promise((resolve) => (finish = resolve)) : signToken(claims),
    );
    const waiting = signed.get();
    advance(-60);
    const beside = signed.get();
    finish(await signToken({ iss: resource, ...members }));
    expect(await beside).toBe(await waiting);
    expect(state.calls).toBe(1);
    await signed.get();
    expect(state.calls).toBe(2);
  });
});

describe('ready', () => {
  it('makes the first signature, and is content with it', async () => {
    const { signed, state, advance } = setUp(signToken);
    await signed.ready();
    advance(86_400);
    await signed.ready();
    expect(state.calls).toBe(1);
  });

  it('rejects until there is one', async () => {
    const { signed, state, advance } = setUp((claims) => {
      if (state.calls === 1) throw new Error('outage');
      return signToken(claims);
    });
    await expect(signed.ready()).rejects.toThrow('outage');
    advance(5);
    await expect(signed.ready()).resolves.toBeUndefined();
  });
});
