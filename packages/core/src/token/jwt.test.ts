import { createHmac, KeyObject } from 'node:crypto';
import { exportJWK, generateKeyPair, importJWK, type JWK, type JWTPayload, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { makeIssuer as makeTrustedIssuer } from '../issuer/issuer.ts';
import { issuerSchema } from '../issuer/options.ts';
import type { TrustedIssuer } from '../issuer/trusted.ts';
import { parseJws } from './jws.ts';
import { verifyAccessToken } from './jwt.ts';

const resource = 'https://api.example';
const now = 1_800_000_000;
const keys = {
  a: await generateKeyPair('ES256', { extractable: true }),
  b: await generateKeyPair('ES256', { extractable: true }),
  rsa: await generateKeyPair('RS256', { extractable: true }),
  ed: await generateKeyPair('Ed25519', { extractable: true }),
};
const publish = async (name: keyof typeof keys, kid: string = name): Promise<JWK & { kty: string }> => {
  const { kty = '', ...members } = await exportJWK(keys[name].publicKey);
  return { kty, ...members, kid };
};
const jwks = { keys: [await publish('a'), await publish('rsa'), await publish('ed')] };

/** Refuses to fetch: nothing in a token may cause a request. */
const fetched: string[] = [];
const environment = {
  now: () => now * 1000,
  fetch: async (url: unknown) => {
    fetched.push(String(url));
    throw new TypeError('no network');
  },
} as const;
const makeIssuer = (options: object) => makeTrustedIssuer(issuerSchema.parse(options), environment as never);
const issuers = new Map(
  [
    makeIssuer({ issuer: 'https://as.example', jwks }),
    makeIssuer({
      issuer: 'https://other.example',
      jwks: { keys: [await publish('b', 'a')] },
    }),
    makeIssuer({ issuer: 'https://legacy.example', jwks, tokenProfile: 'legacy', maxTokenLifetimeSeconds: 60 }),
    makeIssuer({ issuer: 'https://distant.example' }),
  ].map((issuer) => [issuer.issuer, issuer]),
);

interface Changes {
  readonly header?: Record<string, unknown>;
  readonly claims?: Record<string, unknown>;
  readonly key?: keyof typeof keys;
}

async function sign({ header = {}, claims = {}, key = 'a' }: Changes = {}): Promise<string> {
  const protectedHeader = { alg: 'ES256', typ: 'at+jwt', kid: 'a', ...header };
  const payload = {
    iss: 'https://as.example',
    aud: resource,
    sub: 'alice',
    client_id: 'assistant',
    jti: '1',
    iat: now,
    exp: now + 60,
    ...claims,
  };
  const privateKey = await importJWK(await exportJWK(keys[key].privateKey), protectedHeader.alg);
  return new SignJWT(payload as JWTPayload).setProtectedHeader(protectedHeader).sign(privateKey);
}

/** A token whose header says anything, signed by nobody. */
async function forge(header: Record<string, unknown>, signature = 'AAAA'): Promise<string> {
  const [, payload] = (await sign()).split('.');
  return `${Buffer.from(JSON.stringify({ typ: 'at+jwt', kid: 'a', ...header })).toString('base64url')}.${payload}.${signature}`;
}

const verify = async (token: string, trusted: ReadonlyMap<string, TrustedIssuer> = issuers) =>
  verifyAccessToken(parseJws(token), {
    findIssuer: (iss) => trusted.get(iss),
    resource,
    nowSeconds: now,
    toleranceSeconds: 5,
  });
const refusal = (code: string) => expect.objectContaining({ code });
/** How many points P-256 has (FIPS 186-5): R and S are less. */
const order = 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551';

describe('verifyAccessToken', () => {
  it('gives the claims of a good token, and says how old the keys are', async () => {
    const { claims, keysAgeSeconds } = await verify(await sign());
    expect(claims.sub).toBe('alice');
    expect(keysAgeSeconds).toBe(0);
  });

  it.each([
    ['a', 'ES256'],
    ['rsa', 'RS256'],
    ['rsa', 'PS256'],
    ['ed', 'EdDSA'],
    ['ed', 'Ed25519'],
  ] as const)('verifies with the key %s and %s [AT-10 JWT-25]', async (key, alg) => {
    const token = await sign({ header: { alg, kid: key }, key });
    expect((await verify(token)).claims.sub).toBe('alice');
  });

  it.each(['at+jwt', 'AT+JWT', 'application/at+jwt', 'Application/AT+JWT'])(
    'takes the type %s [JWT-15 AT-01]',
    async (typ) => {
      expect((await verify(await sign({ header: { typ } }))).claims.sub).toBe('alice');
    },
  );

  it.each([
    'JWT',
    'at+jwt+x',
    'jwt/at',
    'text/at+jwt',
    'id_token+jwt',
    'secevent+jwt',
    'dpop+jwt',
    'logout+jwt',
    'txntoken+jwt',
    'statuslist+jwt',
    'token-introspection+jwt',
    '',
    undefined,
    7,
  ])('refuses the type %s, whoever signed it [JWT-15 JWT-16 AT-01 IJW-05]', async (typ) => {
    await expect(verify(await sign({ header: { typ } }))).rejects.toThrow(refusal('ERR_TOKEN_TYPE'));
  });

  const legacy = { iss: 'https://legacy.example', scope: 'read' };

  it.each(['JWT', 'jwt', 'application/jwt', 'at+jwt', 'application/AT+JWT', undefined])(
    'takes the type %s of an issuer with the legacy profile, for which that was asked [JWT-15 AT-01]',
    async (typ) => {
      expect((await verify(await sign({ header: { typ }, claims: legacy }))).claims.sub).toBe('alice');
    },
  );

  it.each([
    'id_token+jwt',
    'secevent+jwt',
    'dpop+jwt',
    'logout+jwt',
    'txntoken+jwt',
    'statuslist+jwt',
    'token-introspection+jwt',
    'JOSE',
    'application/application/jwt',
    'text/jwt',
    'jwt+x',
    '',
    null,
    7,
    ['JWT'],
  ])('refuses the type %s of an issuer with the legacy profile too [JWT-15 JWT-16 AT-01 IJW-05]', async (typ) => {
    await expect(verify(await sign({ header: { typ }, claims: legacy }))).rejects.toThrow(refusal('ERR_TOKEN_TYPE'));
  });

  it('finds no mark of other kinds where the type tells them apart [JWT-16 JWT-22]', async () => {
    const claims = { nonce: 'n-1', typ: 'ID' };
    expect((await verify(await sign({ claims }))).claims.sub).toBe('alice');
    await expect(verify(await sign({ claims: { ...legacy, ...claims } }))).rejects.toThrow(refusal('ERR_TOKEN_TYPE'));
  });

  it('asks each issuer for its own longest lifetime', async () => {
    expect((await verify(await sign({ claims: { exp: now + 61 } }))).claims.sub).toBe('alice');
    expect((await verify(await sign({ claims: legacy }))).claims.sub).toBe('alice');
    const token = await sign({ claims: { ...legacy, exp: now + 61 } });
    await expect(verify(token)).rejects.toThrow(refusal('ERR_TOKEN_LIFETIME'));
  });

  it('asks for no keys on behalf of a token that it refuses anyway', async () => {
    const iss = 'https://distant.example';
    await expect(verify(await sign({ claims: { iss, aud: 'other' } }))).rejects.toThrow(refusal('ERR_TOKEN_AUDIENCE'));
    await expect(verify(await sign({ claims: { iss, exp: now - 60 } }))).rejects.toThrow(refusal('ERR_TOKEN_EXPIRED'));
    expect(fetched).toEqual([]);
    // The control: a token that might be good is worth the request.
    await expect(verify(await sign({ claims: { iss } }))).rejects.toThrow(refusal('ERR_METADATA_UNAVAILABLE'));
    expect(fetched.splice(0)).not.toEqual([]);
  });

  it.each(['none', 'None', 'NONE', 'nOnE', undefined, '', null, ['ES256'], 'HS256', 'RS512', 'ES256K', 'RSA1_5'])(
    'refuses the algorithm %s [JWT-01 JWT-02 AT-04]',
    async (alg) => {
      await expect(verify(await forge({ alg }))).rejects.toThrow(refusal('ERR_TOKEN_ALGORITHM'));
      await expect(verify(await forge({ alg }, ''))).rejects.toThrow(refusal('ERR_TOKEN_ALGORITHM'));
    },
  );

  it('uses no algorithm that the issuer does not list, though its own key signed [JWT-01 AT-10]', async () => {
    const token = await sign({ header: { alg: 'RS256', kid: 'rsa' }, key: 'rsa' });
    const verifyBy = (...algorithms: string[]) => {
      const issuer = makeIssuer({ issuer: 'https://as.example', jwks, algorithms });
      return verify(token, new Map([[issuer.issuer, issuer]]));
    };
    await expect(verifyBy('ES256', 'RS512')).rejects.toThrow(refusal('ERR_TOKEN_ALGORITHM'));
    expect((await verifyBy('ES256', 'RS256')).claims.sub).toBe('alice');
  });

  it.each(['a', 'rsa'] as const)(
    'refuses an HMAC that is keyed by the public key %s, as PEM, DER or JWK [JWT-03]',
    async (kid) => {
      const key = KeyObject.from(keys[kid].publicKey);
      const secrets = [
        key.export({ type: 'spki', format: 'pem' }),
        key.export({ type: 'spki', format: 'der' }),
        JSON.stringify(await exportJWK(key)),
      ];
      const token = await forge({ alg: 'HS256', kid }, '');
      for (const secret of secrets) {
        const mac = createHmac('sha256', secret).update(token.slice(0, -1)).digest('base64url');
        await expect(verify(token + mac)).rejects.toThrow(refusal('ERR_TOKEN_ALGORITHM'));
      }
    },
  );

  it('refuses a key of another type than the algorithm [JWT-04]', async () => {
    await expect(verify(await forge({ alg: 'ES256', kid: 'rsa' }))).rejects.toThrow(refusal('ERR_TOKEN_KEY'));
  });

  it.each([
    [{ crit: ['urn:unknown'], 'urn:unknown': 1 }],
    [{ crit: [] }],
    [{ crit: 'b64' }],
    [{ crit: ['alg'] }],
    [{ crit: ['b64'], b64: false }],
    [{ crit: ['b64'], b64: true }],
    [{ b64: false }],
  ])('refuses the header extension %j [JWT-05 JWT-06]', async (header) => {
    await expect(verify(await forge({ alg: 'ES256', ...header }))).rejects.toThrow(refusal('ERR_TOKEN_CRITICAL'));
  });

  it.each(['jwk', 'jku', 'x5u', 'x5c'])('never takes a key from the %s of the token [JWT-07]', async (name) => {
    const value = { jwk: await exportJWK(keys.b.publicKey), jku: 'https://evil.example', x5u: 'https://evil.example' };
    const header = { [name]: name === 'x5c' ? ['MIIB'] : value[name as keyof typeof value] };
    await expect(verify(await sign({ header, key: 'b' }))).rejects.toThrow(refusal('ERR_TOKEN_SIGNATURE'));
    // The control: the same header is harmless where the issuer's own key signed.
    expect((await verify(await sign({ header }))).claims.sub).toBe('alice');
    expect(fetched).toEqual([]);
  });

  it.each([7, null, {}, ['a']])('refuses the kid %j, which is no string [JWT-08]', async (kid) => {
    await expect(verify(await forge({ alg: 'ES256', kid }))).rejects.toThrow(refusal('ERR_TOKEN_MALFORMED'));
  });

  it('finds the key of a token that names none', async () => {
    expect((await verify(await sign({ header: { kid: undefined } }))).claims.sub).toBe('alice');
  });

  it('refuses a kid that its issuer does not publish', async () => {
    await expect(verify(await sign({ header: { kid: 'unknown' } }))).rejects.toThrow(refusal('ERR_TOKEN_KEY'));
  });

  it('verifies with the keys of the issuer that the token names, and no other [JWT-09]', async () => {
    const claims = { iss: 'https://other.example' };
    expect((await verify(await sign({ claims, key: 'b' }))).claims.iss).toBe('https://other.example');
    await expect(verify(await sign({ claims, key: 'a' }))).rejects.toThrow(refusal('ERR_TOKEN_SIGNATURE'));
    await expect(verify(await sign({ key: 'b' }))).rejects.toThrow(refusal('ERR_TOKEN_SIGNATURE'));
  });

  it.each(['https://evil.example', 'https://as.example/', undefined, 7, ['https://as.example'], '__proto__'])(
    'asks nobody about the issuer %j [DSC-07 AT-02 JWT-28]',
    async (iss) => {
      await expect(verify(await sign({ claims: { iss } }))).rejects.toThrow(refusal('ERR_TOKEN_ISSUER'));
      expect(fetched).toEqual([]);
    },
  );

  it('takes a client id that is a URL for a name like any other, and asks nobody about it [CID-04]', async () => {
    const claims = { client_id: 'https://agent.example/client.json' };
    expect((await verify(await sign({ claims }))).claims.clientId).toBe(claims.client_id);
    expect(fetched).toEqual([]);
  });

  it('refuses a token of which one letter has another case [BRR-02]', async () => {
    const [header, payload, signature = ''] = (await sign()).split('.');
    const flipped = signature.replace(/[A-Za-z]/, (letter) =>
      letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
    );
    await expect(verify(`${header}.${payload}.${flipped}`)).rejects.toThrow(refusal('ERR_TOKEN_SIGNATURE'));
    expect((await verify(`${header}.${payload}.${signature}`)).claims.sub).toBe('alice');
  });

  it.each([0, 1, 2])('refuses a token of which segment %i was changed by one bit [JWT-17]', async (segment) => {
    const segments = (await sign()).split('.');
    const bytes = Buffer.from(segments[segment] ?? '', 'base64url');
    // The middle of each is text inside a JSON string, or inside R of the signature.
    const index = bytes.lastIndexOf(segment === 0 ? 'a' : 'assistant');
    const position = segment === 2 ? 16 : index;
    bytes[position] = (bytes[position] ?? 0) ^ 1;
    segments[segment] = bytes.toString('base64url');
    await expect(verify(segments.join('.'))).rejects.toMatchObject({ error: 'invalid_token' });
  });

  it.each([
    [
      'DER instead of R and S',
      'MEQCIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gAiABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fIA',
    ],
    ['R and S of zero', Buffer.alloc(64).toString('base64url')],
    ['an R of the order of the curve', Buffer.from(`${order}${'01'.repeat(32)}`, 'hex').toString('base64url')],
    ['an S of the order of the curve', Buffer.from(`${'01'.repeat(32)}${order}`, 'hex').toString('base64url')],
    ['a short signature', Buffer.alloc(63, 1).toString('base64url')],
    ['a long signature', Buffer.alloc(65, 1).toString('base64url')],
    ['no signature', ''],
  ])('refuses %s [JWT-23]', async (_what, signature) => {
    await expect(verify(await forge({ alg: 'ES256' }, signature))).rejects.toThrow(refusal('ERR_TOKEN_SIGNATURE'));
  });
});
