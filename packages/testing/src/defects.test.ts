import { createHmac, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { compactVerify, createLocalJWKSet, decodeProtectedHeader, flattenedVerify, importJWK } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestClock } from './clock.ts';
import { describeDefect, type TokenDefect, tokenDefects } from './defects.ts';
import { createTestIssuer, type TestIssuer } from './issuer.ts';
import { attackerKey, type SigningAlgorithm } from './signing-keys.ts';

const audience = 'https://api.example.com';
const now = 1_800_000_000;
const clock = createTestClock(now * 1000);
// With `jti` fixed, a defect is the only difference between two tokens.
const claims = { scope: 'read:data write:data', jti: 'token-1' };
const unknown = 'https://example.com/unknown';

let issuer: TestIssuer;
let control: string;

beforeAll(async () => {
  issuer = await createTestIssuer({ audience, clock });
  control = await issuer.token(claims);
});
afterAll(() => issuer.close());

type Json = Record<string, unknown>;
const decode = (segment: string): string => Buffer.from(segment, 'base64url').toString();
const parse = (segment: string): Json => JSON.parse(decode(segment)) as Json;
const split = (token: string): string[] => token.split('.');
const part = (token: string, index: number): string => split(token)[index] ?? '';

/** The payload text of a token whose signature is good. */
async function verified(token: string, from: TestIssuer = issuer): Promise<string> {
  const keys = createLocalJWKSet(from.jwks());
  const { payload } = await compactVerify(token, keys, { crit: { [unknown]: true } });
  return Buffer.from(payload).toString();
}

/** What differs from the control token, which has the same good signature. */
async function changedClaims(token: string): Promise<Json> {
  expect(part(token, 0)).toBe(part(control, 0));
  return difference(JSON.parse(await verified(token)) as Json, parse(part(control, 1)));
}

async function changedHeader(token: string): Promise<Json> {
  expect(part(token, 1)).toBe(part(control, 1));
  await verified(token);
  return difference(parse(part(token, 0)), parse(part(control, 0)));
}

function difference(changed: Json, original: Json): Json {
  const names = new Set([...Object.keys(original), ...Object.keys(changed)]);
  const differing = [...names].filter((name) => JSON.stringify(changed[name]) !== JSON.stringify(original[name]));
  return Object.fromEntries(differing.map((name) => [name, changed[name]]));
}

async function expectAttackerSigned(token: string, header: Json): Promise<void> {
  const attacker = await attackerKey('ES256');
  await compactVerify(token, await importJWK(attacker.publicJwk));
  await expect(verified(token)).rejects.toThrow();
  expect(part(token, 1)).toBe(part(control, 1));
  expect(difference(parse(part(token, 0)), parse(part(control, 0)))).toEqual(header);
}

const claimsOf = async (token: string, expected: Json) => expect(await changedClaims(token)).toEqual(expected);
const headerOf = async (token: string, expected: Json) => expect(await changedHeader(token)).toEqual(expected);

const proofs: Readonly<Record<TokenDefect, (token: string) => Promise<void>>> = {
  expired: (token) => claimsOf(token, { iat: now - 7200, exp: now - 3600 }),
  'not-yet-valid': (token) => claimsOf(token, { nbf: now + 3600, exp: now + 7200 }),
  'issued-in-future': (token) => claimsOf(token, { iat: now + 3600, exp: now + 7200 }),
  'foreign-issuer': (token) => claimsOf(token, { iss: 'https://other-issuer.example' }),
  'foreign-audience': (token) => claimsOf(token, { aud: 'https://other-api.example' }),
  'missing-audience': (token) => claimsOf(token, { aud: undefined }),
  'missing-expiry': (token) => claimsOf(token, { exp: undefined }),
  'missing-subject': (token) => claimsOf(token, { sub: undefined }),
  'missing-client-id': (token) => claimsOf(token, { client_id: undefined }),
  'missing-issued-at': (token) => claimsOf(token, { iat: undefined }),
  'missing-token-id': (token) => claimsOf(token, { jti: undefined }),
  'string-expiry': (token) => claimsOf(token, { exp: `${now + 300}` }),
  'array-scope': (token) => claimsOf(token, { scope: ['read:data', 'write:data'] }),
  'act-string': (token) => claimsOf(token, { act: 'agent-1' }),
  'act-without-subject': (token) => claimsOf(token, { act: { client_id: 'agent-1' } }),
  async 'act-too-deep'(token) {
    const { act, ...others } = await changedClaims(token);
    expect(others).toEqual({});
    expect(JSON.stringify(act).match(/"sub"/g)).toHaveLength(8);
  },
  'confirmation-unknown': (token) => claimsOf(token, { cnf: { [unknown]: 'value' } }),
  'cnf-string': (token) => claimsOf(token, { cnf: expect.stringMatching(/^[\w-]{43}$/) }),
  'jkt-number': (token) => claimsOf(token, { cnf: { jkt: 42 } }),
  'jkt-short': (token) => claimsOf(token, { cnf: { jkt: expect.stringMatching(/^[\w-]{42}$/) } }),
  'jkt-padded': (token) => claimsOf(token, { cnf: { jkt: expect.stringMatching(/^[\w-]{43}=$/) } }),
  'jkt-loose': (token) => claimsOf(token, { cnf: { jkt: expect.stringMatching(/^[\w-]{42}[BFJNRVZdhlptx159]$/) } }),
  'jkt-hex': (token) => claimsOf(token, { cnf: { jkt: expect.stringMatching(/^[\da-f]{64}$/) } }),
  'x5t-sha1': (token) => claimsOf(token, { cnf: { x5t: expect.stringMatching(/^[\w-]{27}$/) } }),
  'x5t-padded': (token) => claimsOf(token, { cnf: { 'x5t#S256': expect.stringMatching(/^[\w-]{43}=$/) } }),
  'x5t-hex': (token) => claimsOf(token, { cnf: { 'x5t#S256': expect.stringMatching(/^[\da-f]{64}$/) } }),
  'mtls-bound': (token) => claimsOf(token, { cnf: { 'x5t#S256': expect.stringMatching(/^[\w-]{43}$/) } }),
  'dpop-bound': (token) => claimsOf(token, { cnf: { jkt: expect.stringMatching(/^[\w-]{43}$/) } }),
  async 'id-token'(token) {
    expect(difference(JSON.parse(await verified(token)) as Json, parse(part(control, 1)))).toEqual({
      aud: 'client-1',
      nonce: 'n-1',
    });
    expect(difference(parse(part(token, 0)), parse(part(control, 0)))).toEqual({ typ: 'JWT' });
  },
  'typ-jwt': (token) => headerOf(token, { typ: 'JWT' }),
  'missing-typ': (token) => headerOf(token, { typ: undefined }),
  'critical-header': (token) => headerOf(token, { crit: [unknown], [unknown]: true }),
  async 'unencoded-payload'(token) {
    expect(difference(parse(part(token, 0)), parse(part(control, 0)))).toEqual({ crit: ['b64'], b64: false });
    // To whoever obeys `b64`, the segment is the payload; to whoever ignores it, the segment encodes sound claims.
    expect(await verified(token)).toBe(part(token, 1));
    expect(part(token, 1)).toBe(part(control, 1));
  },
  'foreign-key': (token) => expectAttackerSigned(token, {}),
  'unknown-key': (token) => expectAttackerSigned(token, { kid: 'attacker-key' }),
  async 'embedded-jwk'(token) {
    const { publicJwk } = await attackerKey('ES256');
    await expectAttackerSigned(token, { jwk: publicJwk });
  },
  async unsigned(token) {
    expect(difference(parse(part(token, 0)), parse(part(control, 0)))).toEqual({ alg: 'none' });
    expect(split(token).slice(1)).toEqual([part(control, 1), '']);
  },
  async 'hmac-with-public-key'(token) {
    const pem = publicKeyOf(issuer).export({ type: 'spki', format: 'pem' });
    const [header, payload, signature] = split(token);
    expect(difference(parse(part(token, 0)), parse(part(control, 0)))).toEqual({ alg: 'HS256' });
    expect(payload).toBe(part(control, 1));
    expect(createHmac('sha256', pem).update(`${header}.${payload}`).digest('base64url')).toBe(signature);
  },
  async 'tampered-payload'(token) {
    expect([part(token, 0), difference(parse(part(token, 1)), parse(part(control, 1)))]).toEqual([
      part(control, 0),
      { scope: 'read:data write:data admin' },
    ]);
    await expect(verified(token)).rejects.toThrow('signature verification failed');
    await verified([part(control, 0), part(control, 1), part(token, 2)].join('.'));
  },
  async 'tampered-signature'(token) {
    expect(split(token).slice(0, 2)).toEqual(split(control).slice(0, 2));
    expect(Buffer.from(part(token, 2), 'base64url')).toHaveLength(64);
    await expect(verified(token)).rejects.toThrow('signature verification failed');
  },
  async 'padded-base64'(token) {
    expect(part(token, 2)).toMatch(/^[\w-]{86}==$/);
    await verified(token.replaceAll('=', ''));
  },
  async 'loose-base64'(token) {
    const signature = Buffer.from(part(token, 2), 'base64url');
    expect(signature.toString('base64url')).not.toBe(part(token, 2));
    await verified([part(token, 0), part(token, 1), signature.toString('base64url')].join('.'));
  },
  async 'duplicate-claim'(token) {
    const json = await verified(token);
    expect(json.match(/"sub":"user-\d"/g)).toEqual(['"sub":"user-0"', '"sub":"user-1"']);
    expect(await changedClaims(token)).toEqual({});
  },
  async 'duplicate-header'(token) {
    expect(decode(part(token, 0)).match(/"alg":"\w+"/g)).toEqual(['"alg":"none"', '"alg":"ES256"']);
    expect(await changedHeader(token)).toEqual({});
  },
  async 'invalid-utf8'(token) {
    await verified(token);
    expect(await changedClaims(token)).toEqual({ note: '\ufffd' });
    const bytes = Buffer.from(part(token, 1), 'base64url');
    expect(() => new TextDecoder('utf-8', { fatal: true }).decode(bytes)).toThrow(TypeError);
  },
  async 'array-payload'(token) {
    expect(part(token, 0)).toBe(part(control, 0));
    expect(JSON.parse(await verified(token))).toEqual([parse(part(control, 1))]);
  },
  async 'two-segments'(token) {
    expect(split(token)).toEqual(split(control).slice(0, 2));
  },
  async 'json-serialization'(token) {
    const jws = JSON.parse(token) as { payload: string; protected: string; signature: string };
    await flattenedVerify(jws, createLocalJWKSet(issuer.jwks()));
    expect([jws.protected, jws.payload]).toEqual(split(control).slice(0, 2));
  },
};

function publicKeyOf(from: TestIssuer): KeyObject {
  const [key = {}] = from.jwks().keys;
  return createPublicKey({ key: { ...key }, format: 'jwk' });
}

test('signs the control token as jose verifies it', async () => {
  expect(JSON.parse(await verified(control))).toMatchObject(claims);
});

test.each(tokenDefects)('%s is wrong in that one thing', async (defect) => {
  const token = await issuer.token(claims, { defect });
  expect(token).not.toBe(control);
  await proofs[defect](token);
});

test('lists every defect once, each with a description of its own', () => {
  expect([...tokenDefects].sort()).toEqual(Object.keys(proofs).sort());
  expect(new Set(tokenDefects.map(describeDefect)).size).toBe(tokenDefects.length);
});

test('puts a defect in after the claims and the header that were asked for', async () => {
  const token = await issuer.token({ exp: now + 5, note: 'kept' }, { header: { typ: 'custom' }, defect: 'expired' });
  expect(JSON.parse(await verified(token))).toMatchObject({ exp: now - 3600, note: 'kept' });
  expect(decodeProtectedHeader(token).typ).toBe('custom');
});

test('misspells the thumbprint that a token is bound to', async () => {
  const jkt = 'l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs';
  const spelled = async (defect: TokenDefect): Promise<unknown> =>
    parse(part(await issuer.token({ cnf: { jkt } }, { defect }), 1)).cnf;
  expect(await spelled('cnf-string')).toBe(jkt);
  expect(await spelled('jkt-short')).toEqual({ jkt: jkt.slice(0, 42) });
  expect(await spelled('jkt-padded')).toEqual({ jkt: `${jkt}=` });
  expect(await spelled('jkt-loose')).toEqual({ jkt: jkt.replace(/s$/, 't') });
  expect(await spelled('jkt-hex')).toEqual({ jkt: Buffer.from(jkt, 'base64url').toString('hex') });
});

test('keeps claims that are not ASCII beside a byte that is not UTF-8', async () => {
  const name = 'Zoë';
  const token = await issuer.token({ name }, { defect: 'invalid-utf8' });
  expect(JSON.parse(await verified(token))).toMatchObject({ name });
});

describe.each(['RS256', 'ES384', 'ES512', 'EdDSA'] satisfies SigningAlgorithm[])('with %s', (algorithm) => {
  let other: TestIssuer;
  beforeAll(async () => {
    other = await createTestIssuer({ audience, algorithm });
  });
  afterAll(() => other.close());

  // Claims of three lengths, since a segment of a multiple of three bytes has one spelling only.
  test.each(['', 'x', 'xx'])(
    'pads and loosens a segment that has room, whatever its length (filler "%s")',
    async (filler) => {
      for (const defect of ['padded-base64', 'loose-base64'] as const) {
        const token = await other.token({ filler }, { defect });
        const canonical = split(token).map((segment) => Buffer.from(segment, 'base64url').toString('base64url'));
        expect(canonical.filter((segment, index) => segment !== split(token)[index])).toHaveLength(1);
        expect(parse(part(token, 1))).toMatchObject({ aud: audience, filler });
        // Good in the eyes of a decoder that forgives: the signature covers the text as sent, or is itself respelled.
        const signed = `${part(token, 0)}.${part(token, 1)}`;
        const hash = algorithm === 'EdDSA' ? null : `sha${algorithm.slice(2)}`;
        const key = { key: publicKeyOf(other), dsaEncoding: 'ieee-p1363' } as const;
        expect(verify(hash, Buffer.from(signed), key, Buffer.from(part(token, 2), 'base64url'))).toBe(true);
      }
    },
  );

  test.each(tokenDefects)('%s can be written', async (defect) => {
    expect(await other.token({}, { defect })).not.toBe('');
  });
});
