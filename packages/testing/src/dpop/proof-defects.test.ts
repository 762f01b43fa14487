import { createHash, createHmac, createPublicKey, type KeyObject, verify, X509Certificate } from 'node:crypto';
import { calculateJwkThumbprint, compactVerify, flattenedVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestAgent, type DpopTestAgent } from '../agent.ts';
import { createTestClock } from '../clock.ts';
import { createTestIssuer, type TestIssuer } from '../issuer.ts';
import { attackerKey, type SigningAlgorithm } from '../signing-keys.ts';
import { describeProofDefect, type ProofDefect, proofDefects } from './proof-defects.ts';

const now = 1_800_000_000;
const token = 'token-1';
const request = { method: 'GET', url: 'https://api.example.com/v1/data?page=2#top', token };
const unknown = 'https://example.com/unknown';

let issuer: TestIssuer;
let agent: DpopTestAgent;
let control: string;
let ownJwk: Json;

beforeAll(async () => {
  issuer = await createTestIssuer({ audience: 'https://api.example.com', clock: createTestClock(now * 1000) });
  agent = createTestAgent(issuer, {}, { dpop: 'ES256' });
  control = await write(undefined);
  ownJwk = headerIn(control).jwk as Json;
});
afterAll(() => issuer.close());

// With `jti` fixed, a defect is the only difference between two proofs.
const write = (defect: ProofDefect | undefined): Promise<string> =>
  agent.proof(request, { claims: { jti: 'proof-1' }, ...(defect !== undefined && { defect }) });

type Json = Record<string, unknown>;
const split = (proof: string): string[] => proof.split('.');
const part = (proof: string, index: number): string => split(proof)[index] ?? '';
const bytesOf = (segment: string): Buffer => Buffer.from(segment, 'base64url');
const textIn = (proof: string, index: number): string => bytesOf(part(proof, index)).toString();
const headerIn = (proof: string): Json => JSON.parse(textIn(proof, 0)) as Json;
const claimsIn = (proof: string): Json => JSON.parse(textIn(proof, 1)) as Json;
const keyOf = (jwk: unknown): KeyObject => createPublicKey({ key: jwk as Json, format: 'jwk' });

/** Whether the signature is that of a key, whatever the header says. */
function isSignedBy(key: KeyObject, proof: string, hash: string | null = 'sha256'): boolean {
  const text = Buffer.from(`${part(proof, 0)}.${part(proof, 1)}`);
  return verify(hash, text, { key, dsaEncoding: 'ieee-p1363' }, bytesOf(part(proof, 2)));
}

function difference(changed: Json, original: Json): Json {
  const names = new Set([...Object.keys(original), ...Object.keys(changed)]);
  const differing = [...names].filter((name) => JSON.stringify(changed[name]) !== JSON.stringify(original[name]));
  return Object.fromEntries(differing.map((name) => [name, changed[name]]));
}

/** Under the agent's signature, these claims differ from those of the control, and nothing else does. */
function expectClaims(proof: string, expected: Json): void {
  expect(isSignedBy(keyOf(ownJwk), proof)).toBe(true);
  expect(part(proof, 0)).toBe(part(control, 0));
  expect(difference(claimsIn(proof), claimsIn(control))).toEqual(expected);
}

/** These members of the header differ from those of the control, and nothing else does but the signature. */
function expectHeader(proof: string, expected: Json, signer: unknown = ownJwk): void {
  expect(isSignedBy(keyOf(signer), proof)).toBe(true);
  expectUnsignedHeader(proof, expected);
}

function expectUnsignedHeader(proof: string, expected: Json): void {
  expect(part(proof, 1)).toBe(part(control, 1));
  expect(difference(headerIn(proof), headerIn(control))).toEqual(expected);
}

/** The agent's signature is there, but does not fit what it signs. */
function expectTampered(proof: string, header: Json, claims: Json): void {
  expect(difference(headerIn(proof), headerIn(control))).toEqual(header);
  expect(difference(claimsIn(proof), claimsIn(control))).toEqual(claims);
  expect(bytesOf(part(proof, 2))).toHaveLength(64);
  expect(isSignedBy(keyOf(ownJwk), proof)).toBe(false);
}

function sha256(data: string | Buffer): Buffer {
  return createHash('sha256').update(data).digest();
}

const htu = (value: unknown) => (proof: string) => expectClaims(proof, { htu: value });
const jwkIn = (proof: string): Json => headerIn(proof).jwk as Json;

const checks: Readonly<Record<ProofDefect, (proof: string) => void | Promise<void>>> = {
  empty: (proof) => expect(proof).toBe(''),
  'not-a-jws': (proof) => expect(proof).toMatch(/^\w+$/),
  quoted: (proof) => {
    expect(proof).toMatch(/^"[^"]+"$/);
    expectClaims(proof.slice(1, -1), {});
  },
  'two-proofs': (proof) => {
    const [one = '', other = ''] = proof.split(', ');
    expectClaims(one, {});
    expectClaims(other, { jti: 'proof-1-2' });
  },
  'two-segments': (proof) => expect(split(proof)).toEqual(split(control).slice(0, 2)),
  'json-serialization': async (proof) => {
    const jws = JSON.parse(proof) as { payload: string; protected: string; signature: string };
    await flattenedVerify(jws, keyOf(ownJwk));
    expect([jws.protected, jws.payload]).toEqual(split(control).slice(0, 2));
  },
  'padded-base64': (proof) => {
    expect(part(proof, 2)).toMatch(/^[\w-]{86}==$/);
    expectClaims(proof.replaceAll('=', ''), {});
  },
  'loose-base64': (proof) => {
    const canonical = bytesOf(part(proof, 2)).toString('base64url');
    expect(canonical).not.toBe(part(proof, 2));
    expectClaims([part(proof, 0), part(proof, 1), canonical].join('.'), {});
  },
  'duplicate-header': (proof) => {
    expect(textIn(proof, 0).match(/"alg":"\w+"/g)).toEqual(['"alg":"none"', '"alg":"ES256"']);
    expectHeader(proof, {});
  },
  'duplicate-claim': (proof) => {
    expect(textIn(proof, 1).match(/"htu":"[^"]+"/g)).toEqual([
      '"htu":"https://other-api.example/"',
      '"htu":"https://api.example.com/v1/data"',
    ]);
    expectClaims(proof, {});
  },
  'invalid-utf8': (proof) => {
    expectClaims(proof, { note: '\ufffd' });
    expect(() => new TextDecoder('utf-8', { fatal: true }).decode(bytesOf(part(proof, 1)))).toThrow(TypeError);
  },
  'array-payload': (proof) => {
    expect(isSignedBy(keyOf(ownJwk), proof)).toBe(true);
    expect([part(proof, 0), claimsIn(proof)]).toEqual([part(control, 0), [claimsIn(control)]]);
  },
  oversized: (proof) => {
    expectClaims(proof, { note: expect.stringMatching(/^x+$/) });
    expect(proof.length).toBeGreaterThan(8192);
    // With a token beside it, it has to fit into the 16 KiB that Node reads of a header.
    expect(proof.length).toBeLessThan(12_000);
  },

  'missing-typ': (proof) => expectHeader(proof, { typ: undefined }),
  'typ-jwt': (proof) => expectHeader(proof, { typ: 'JWT' }),
  'typ-at-jwt': (proof) => expectHeader(proof, { typ: 'at+jwt' }),
  'critical-header': (proof) => expectHeader(proof, { crit: [unknown], [unknown]: true }),
  'unencoded-payload': (proof) => expectHeader(proof, { crit: ['b64'], b64: false }),
  'missing-alg': (proof) => expectHeader(proof, { alg: undefined }),
  'lowercase-alg': (proof) => expectHeader(proof, { alg: 'es256' }),
  'foreign-alg': (proof) => expectHeader(proof, { alg: 'PS256' }),
  'sha1-alg': (proof) => {
    expectUnsignedHeader(proof, { alg: 'RS1', jwk: { kty: 'RSA', e: 'AQAB', n: expect.any(String) } });
    expect(isSignedBy(keyOf(jwkIn(proof)), proof, 'sha1')).toBe(true);
  },
  unsigned: (proof) => {
    expectUnsignedHeader(proof, { alg: 'none' });
    expect(part(proof, 2)).toBe('');
  },
  'unsigned-mixed-case': (proof) => {
    expectUnsignedHeader(proof, { alg: 'nOnE' });
    expect(part(proof, 2)).toBe('');
  },
  'hmac-with-public-key': (proof) => {
    expectUnsignedHeader(proof, { alg: 'HS256' });
    const pem = keyOf(ownJwk).export({ type: 'spki', format: 'pem' });
    expect(hmac(pem, proof)).toBe(part(proof, 2));
  },
  'missing-signature': (proof) => expect(split(proof)).toEqual([...split(control).slice(0, 2), '']),
  'zero-signature': (proof) => {
    expect(split(proof).slice(0, 2)).toEqual(split(control).slice(0, 2));
    expect(bytesOf(part(proof, 2))).toEqual(Buffer.alloc(64));
  },
  'der-signature': (proof) => {
    expect(split(proof).slice(0, 2)).toEqual(split(control).slice(0, 2));
    const text = Buffer.from(`${part(proof, 0)}.${part(proof, 1)}`);
    expect(verify('sha256', text, { key: keyOf(ownJwk), dsaEncoding: 'der' }, bytesOf(part(proof, 2)))).toBe(true);
  },
  'foreign-key': async (proof) => expectHeader(proof, {}, await attackersJwk()),
  'tampered-header': (proof) => expectTampered(proof, { note: 'added' }, {}),
  'tampered-payload': (proof) => expectTampered(proof, {}, { jti: expect.stringMatching(/^[0-9a-f-]{36}$/) }),
  'tampered-signature': (proof) => expectTampered(proof, {}, {}),

  'missing-jwk': (proof) => expectHeader(proof, { jwk: undefined }),
  'string-jwk': (proof) => expectHeader(proof, { jwk: JSON.stringify(ownJwk) }),
  'array-jwk': (proof) => expectHeader(proof, { jwk: [ownJwk] }),
  'incomplete-jwk': (proof) => {
    expect(difference(jwkIn(proof), ownJwk)).toEqual({ x: undefined });
    expectHeader(proof, { jwk: jwkIn(proof) });
  },
  'kid-for-jwk': (proof) => expectHeader(proof, { jwk: undefined, kid: 'proof-key' }),
  'jku-for-jwk': (proof) =>
    expectHeader(proof, { jwk: undefined, kid: 'proof-key', jku: 'https://attacker.example/jwks' }),
  'x5c-for-jwk': async (proof) => {
    expectHeader(proof, { jwk: undefined, x5c: [expect.any(String)] });
    const [der] = headerIn(proof).x5c as string[];
    const certificate = new X509Certificate(Buffer.from(String(der), 'base64'));
    expect(certificate.publicKey.export({ format: 'jwk' })).toEqual(ownJwk);
    expect(certificate.verify(keyOf(await attackersJwk()))).toBe(true);
  },
  'foreign-jwk': async (proof) => expectHeader(proof, { jwk: await attackersJwk() }, await attackersJwk()),
  'private-jwk': (proof) => {
    expect(difference(jwkIn(proof), ownJwk)).toEqual({ d: expect.stringMatching(/^[\w-]{43}$/) });
    expectHeader(proof, { jwk: jwkIn(proof) });
  },
  'jwk-with-prime': (proof) => {
    const { n, p, ...others } = jwkIn(proof);
    expect(others).toEqual({ kty: 'RSA', e: 'AQAB' });
    expect(integerIn(n) % integerIn(p)).toBe(0n);
    expectUnsignedHeader(proof, { alg: 'PS256', jwk: jwkIn(proof) });
  },
  'jwk-with-secret': (proof) => {
    expect(difference(jwkIn(proof), ownJwk)).toEqual({ k: expect.any(String) });
    expectHeader(proof, { jwk: jwkIn(proof) });
  },
  'symmetric-jwk': (proof) => {
    expectUnsignedHeader(proof, { alg: 'HS256', jwk: { kty: 'oct', k: expect.any(String) } });
    expect(hmac(bytesOf(String(jwkIn(proof).k)), proof)).toBe(part(proof, 2));
  },
  'point-off-curve': (proof) => {
    expect(difference(jwkIn(proof), ownJwk)).toEqual({ y: expect.stringMatching(/^[\w-]{43}$/) });
    expect(() => keyOf(jwkIn(proof))).toThrow();
    expectHeader(proof, { jwk: jwkIn(proof) });
  },
  'loose-coordinate': (proof) => {
    expect(bytesOf(String(jwkIn(proof).x))).toEqual(bytesOf(String(ownJwk.x)));
    expectHeader(proof, { jwk: { ...ownJwk, x: expect.stringMatching(/^[\w-]{42}[BFJNRVZdhlptx159]$/) } });
  },
  'padded-coordinate': (proof) => expectHeader(proof, { jwk: { ...ownJwk, x: `${ownJwk.x}=` } }),
  'long-coordinate': (proof) => {
    const long = Buffer.concat([Buffer.alloc(1), bytesOf(String(ownJwk.x))]).toString('base64url');
    expectHeader(proof, { jwk: { ...ownJwk, x: long } });
  },
  'short-coordinate': (proof) => {
    const jwk = jwkIn(proof);
    const x = bytesOf(String(jwk.x));
    expect(x).toHaveLength(31);
    const sound = { ...jwk, x: Buffer.concat([Buffer.alloc(1), x]).toString('base64url') };
    expectHeader(proof, { jwk }, sound);
  },
  'rsa-2047': (proof) => expectWeakRsa(proof, { modulusLength: 2047, publicExponent: 65_537n }),
  'rsa-exponent-3': (proof) => expectWeakRsa(proof, { modulusLength: 2048, publicExponent: 3n }),

  'missing-jti': (proof) => expectClaims(proof, { jti: undefined }),
  'empty-jti': (proof) => expectClaims(proof, { jti: '' }),
  'number-jti': (proof) => expectClaims(proof, { jti: 42 }),
  'long-jti': (proof) => expectClaims(proof, { jti: expect.stringMatching(/^x{257}$/) }),
  'surrogate-jti': (proof) => expectClaims(proof, { jti: 'proof-1\ud800' }),
  'missing-htm': (proof) => expectClaims(proof, { htm: undefined }),
  'foreign-htm': (proof) => expectClaims(proof, { htm: 'POST' }),
  'lowercase-htm': (proof) => expectClaims(proof, { htm: 'get' }),
  'number-htm': (proof) => expectClaims(proof, { htm: 42 }),
  'missing-htu': htu(undefined),
  'foreign-scheme': htu('http://api.example.com/v1/data'),
  'foreign-host': htu('https://other-api.example/v1/data'),
  'foreign-port': htu('https://api.example.com:8443/v1/data'),
  'foreign-path': htu('https://api.example.com/other/v1/data'),
  'trailing-slash': htu('https://api.example.com/v1/data/'),
  'encoded-slash': htu('https://api.example.com/other/..%2Fv1/data'),
  'user-info': htu('https://alice@api.example.com/v1/data'),
  'relative-htu': htu('/v1/data'),
  'number-htu': htu(42),
  'missing-iat': (proof) => expectClaims(proof, { iat: undefined }),
  'string-iat': (proof) => expectClaims(proof, { iat: '1800000000' }),
  'null-iat': (proof) => expectClaims(proof, { iat: null }),
  'infinite-iat': (proof) => {
    expect(claimsIn(proof).iat).toBe(Number.POSITIVE_INFINITY);
    expectClaims(proof, { iat: Number.POSITIVE_INFINITY });
  },
  'negative-iat': (proof) => expectClaims(proof, { iat: -now }),
  'too-old': (proof) => expectClaims(proof, { iat: now - 3600 }),
  'issued-in-future': (proof) => expectClaims(proof, { iat: now + 3600 }),
  'missing-ath': (proof) => expectClaims(proof, { ath: undefined }),
  'foreign-ath': (proof) => expectClaims(proof, { ath: sha256(`${token}2`).toString('base64url') }),
  'hex-ath': (proof) => expectClaims(proof, { ath: sha256(token).toString('hex') }),
  'padded-ath': (proof) => expectClaims(proof, { ath: `${sha256(token).toString('base64url')}=` }),
  'half-ath': (proof) => expectClaims(proof, { ath: sha256(token).subarray(0, 16).toString('base64url') }),
  'utf16-ath': (proof) => expectClaims(proof, { ath: sha256(Buffer.from(token, 'utf16le')).toString('base64url') }),
  'foreign-nonce': (proof) => expectClaims(proof, { nonce: expect.any(String) }),
  'number-nonce': (proof) => expectClaims(proof, { nonce: 42 }),
};

function hmac(secret: string | Buffer, proof: string): string {
  return createHmac('sha256', secret).update(split(proof).slice(0, 2).join('.')).digest('base64url');
}

async function attackersJwk(): Promise<Json> {
  const { publicKey } = await attackerKey('ES256');
  return publicKey.export({ format: 'jwk' }) as Json;
}

function integerIn(member: unknown): bigint {
  return BigInt(`0x${bytesOf(String(member)).toString('hex')}`);
}

function expectWeakRsa(proof: string, details: Json): void {
  expect(keyOf(jwkIn(proof)).asymmetricKeyDetails).toEqual(details);
  expectUnsignedHeader(proof, { alg: 'PS256', jwk: jwkIn(proof) });
}

test('signs the control as its own header says', () => {
  expect(isSignedBy(keyOf(ownJwk), control)).toBe(true);
});

test.each(proofDefects)('%s is wrong in that one thing', async (defect) => {
  const proof = await write(defect);
  expect(proof).not.toBe(control);
  await checks[defect](proof);
});

test('lists every defect once, each with a description of its own', () => {
  expect([...proofDefects].sort()).toEqual(Object.keys(checks).sort());
  expect(new Set(proofDefects.map(describeProofDefect)).size).toBe(proofDefects.length);
});

test('puts a defect in after the claims and the header that were asked for', async () => {
  const options = { claims: { htm: 'PUT', note: 'kept' }, header: { kid: 'kept' } };
  const proof = await agent.proof(request, { ...options, defect: 'foreign-htm' });
  expect(claimsIn(proof)).toMatchObject({ htm: 'GET', note: 'kept' });
  expect(headerIn(proof)).toMatchObject({ kid: 'kept' });
});

test.each([
  ['foreign-htm', { method: 'POST' }, { htm: 'GET' }],
  ['lowercase-htm', { method: 'purge' }, { htm: 'PURGE' }],
  ['foreign-scheme', { url: 'http://127.0.0.1:80/' }, { htu: 'https://127.0.0.1/' }],
  ['foreign-port', { url: 'https://api.example.com:8443/' }, { htu: 'https://api.example.com:9443/' }],
  ['encoded-slash', { url: 'https://api.example.com' }, { htu: 'https://api.example.com/other/..%2F' }],
  ['foreign-nonce', { nonce: 'the-right-one' }, { nonce: 'nobody-handed-this-out' }],
] as const)('%s is wrong whatever is right: %j', async (defect, changes, expected) => {
  const proof = await agent.proof({ ...request, ...changes }, { defect });
  expect(claimsIn(proof)).toMatchObject(expected);
});

test('needs a token for the hash to be wrong', async () => {
  const { method, url } = request;
  const wrong = proofDefects.filter((defect) => defect.endsWith('-ath'));
  expect(wrong).toHaveLength(6);
  for (const defect of wrong) await expect(agent.proof({ method, url }, { defect })).rejects.toThrow(TypeError);
});

describe('headers', () => {
  const { method, url } = request;

  /** The defects for which the token of these headers is bound to another key than the agent's own. */
  async function findRebound(caller: DpopTestAgent): Promise<string[]> {
    const own = await caller.thumbprint();
    const rebound: string[] = [];
    for (const defect of proofDefects) {
      const { authorization, dpop } = await caller.headers({ method, url }, { defect });
      const { jkt } = claimsIn(authorization).cnf as Json;
      if (jkt === own) continue;
      rebound.push(defect);
      expect([defect, jkt]).toEqual([defect, await calculateJwkThumbprint(jwkIn(dpop) as { kty: string })]);
    }
    return rebound;
  }

  const always = ['symmetric-jwk', 'short-coordinate', 'rsa-2047', 'rsa-exponent-3'];

  test.each([
    [
      'ES256',
      ['sha1-alg', 'jwk-with-prime', 'point-off-curve', 'loose-coordinate', 'padded-coordinate', 'long-coordinate'],
    ],
    [
      'ES384',
      ['sha1-alg', 'jwk-with-prime', 'point-off-curve', 'loose-coordinate', 'padded-coordinate', 'long-coordinate'],
    ],
    [
      'EdDSA',
      [
        'sha1-alg',
        'der-signature',
        'jwk-with-prime',
        'point-off-curve',
        'loose-coordinate',
        'padded-coordinate',
        'long-coordinate',
      ],
    ],
    ['PS512', ['der-signature', 'point-off-curve', 'loose-coordinate', 'padded-coordinate', 'long-coordinate']],
  ] satisfies [SigningAlgorithm, ProofDefect[]][])(
    'bind the token of a %s agent to the key that the proof shows, where a defect needs another',
    async (algorithm, others) => {
      const caller = createTestAgent(issuer, {}, { dpop: algorithm });
      expect((await findRebound(caller)).sort()).toEqual([...always, ...others].sort());
    },
  );

  test('keep the token that they are given', async () => {
    const { authorization, dpop } = await agent.headers(request, { defect: 'rsa-2047' });
    expect(authorization).toBe('DPoP token-1');
    expect(claimsIn(dpop)).toMatchObject({ ath: sha256(token).toString('base64url') });
  });
});

test.each(['ES384', 'ES512', 'EdDSA', 'RS512'] satisfies SigningAlgorithm[])(
  'pads and loosens a segment of a %s proof, whatever room its signature has',
  async (dpop) => {
    const caller = createTestAgent(issuer, {}, { dpop });
    for (const defect of ['padded-base64', 'loose-base64'] as const) {
      const segments = split(await caller.proof(request, { defect }));
      const canonical = segments.map((segment) => bytesOf(segment).toString('base64url'));
      expect(canonical.filter((segment, index) => segment !== segments[index])).toHaveLength(1);
    }
  },
);

test('signs with a weak key in the algorithm of the agent, where that is one of RSA', async () => {
  const caller = createTestAgent(issuer, {}, { dpop: 'RS384' });
  for (const defect of ['rsa-exponent-3', 'jwk-with-prime'] as const) {
    const proof = await caller.proof(request, { defect });
    expect(headerIn(proof).alg).toBe('RS384');
    await compactVerify(proof, keyOf(jwkIn(proof)));
  }
  const short = await caller.proof(request, { defect: 'rsa-2047' });
  expect(headerIn(short).alg).toBe('RS384');
  await expect(compactVerify(short, keyOf(jwkIn(short)))).rejects.toThrow('2048 bits');
});
