import { decodeJwt, decodeProtectedHeader, EmbeddedJWK, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestAgent, type DpopTestAgent } from '../agent.ts';
import { createTestClock } from '../clock.ts';
import { createTestIssuer, type TestIssuer } from '../issuer.ts';

// RFC 9449 §7.1, figure 12, and the token that it is for.
const example =
  'eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA';
const token = 'Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU';

const now = 1_562_262_618;
let issuer: TestIssuer;
let agent: DpopTestAgent;

beforeAll(async () => {
  const clock = createTestClock(now * 1000 + 999);
  issuer = await createTestIssuer({ audience: 'https://resource.example.org', clock });
  agent = createTestAgent(issuer, {}, { dpop: true });
});
afterAll(() => issuer.close());

const request = { method: 'GET', url: 'https://resource.example.org/protectedresource' };

test('says what the example of RFC 9449 says, but for key and jti', async () => {
  const proof = await agent.proof({ ...request, token }, { claims: { jti: 'e1j3V_bKic8-LAEB' } });
  expect(decodeJwt(proof)).toEqual(decodeJwt(example));
  const { jwk, ...header } = decodeProtectedHeader(proof);
  expect({ jwk: Object.keys(jwk ?? {}), ...header }).toEqual({
    jwk: ['kty', 'x', 'y', 'crv'],
    typ: 'dpop+jwt',
    alg: 'ES256',
  });
});

test('is signed with the key that it shows, and shows nothing private', async () => {
  const { protectedHeader } = await jwtVerify(await agent.proof(request), EmbeddedJWK, { typ: 'dpop+jwt' });
  expect(protectedHeader.jwk).not.toHaveProperty('d');
});

test('names the URL without query and fragment, and otherwise as it was given', async () => {
  const htu = async (url: string | URL) => decodeJwt(await agent.proof({ ...request, url })).htu;
  expect(await htu('https://api.example.com/a?b=c#d')).toBe('https://api.example.com/a');
  expect(await htu('https://api.example.com/a#d?b')).toBe('https://api.example.com/a');
  expect(await htu('HTTPS://API.example.com:443/x/../a%7e?b')).toBe('HTTPS://API.example.com:443/x/../a%7e');
  expect(await htu(new URL('https://api.example.com?b#d'))).toBe('https://api.example.com/');
});

test('has a jti of its own, and ath and nonce only where there are a token and a nonce', async () => {
  const [one, other] = [decodeJwt(await agent.proof(request)), decodeJwt(await agent.proof(request))];
  expect(one.jti).not.toBe(other.jti);
  expect(Object.keys(one)).toEqual(['jti', 'htm', 'htu', 'iat']);
  expect(decodeJwt(await agent.proof({ ...request, nonce: 'n-1' }))).toMatchObject({ nonce: 'n-1' });
});

describe('takes any', () => {
  test('claim, and leaves out what is undefined', async () => {
    const claims = decodeJwt(await agent.proof(request, { claims: { htm: 7, jti: undefined, extra: true } }));
    expect(claims).toEqual({ htm: 7, htu: request.url, iat: now, extra: true });
  });

  test('header member, under a signature of the same key', async () => {
    const header = { typ: undefined, kid: 7, alg: 'RS256' };
    const [head = '', ...rest] = (await agent.proof(request, { header })).split('.');
    expect(JSON.parse(Buffer.from(head, 'base64url').toString())).toEqual({
      alg: 'RS256',
      kid: 7,
      jwk: expect.any(Object),
    });
    expect(rest).toHaveLength(2);
  });
});
