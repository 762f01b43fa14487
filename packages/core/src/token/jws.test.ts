import { describe, expect, it } from 'vitest';
import { isJwt, parseJws } from './jws.ts';

const encode = (text: string | Uint8Array) => Buffer.from(text).toString('base64url');
const header = encode('{"alg":"ES256","typ":"at+jwt"}');
const payload = encode('{"iss":"https://as.example","sub":"alice"}');
const signature = encode(new Uint8Array(64));

describe('parseJws', () => {
  it('takes apart a compact JWS and keeps its text', () => {
    const compact = `${header}.${payload}.${signature}`;
    expect(parseJws(compact)).toEqual({
      compact,
      header: { alg: 'ES256', typ: 'at+jwt' },
      payload: { iss: 'https://as.example', sub: 'alice' },
    });
  });

  it.each([
    ['one segment', header],
    ['two segments', `${header}.${payload}`],
    ['four segments', `${header}.${payload}.${signature}.${signature}`],
    ['five segments, as a JWE has', `${header}.${payload}.${signature}.${signature}.${signature}`],
    ['an empty header', `.${payload}.${signature}`],
    ['an empty payload', `${header}..${signature}`],
    ['padding', `${header}=.${payload}.${signature}`],
    ['padding on the signature', `${header}.${payload}.${signature}==`],
    ['the other base64 alphabet', `${header}.${payload}.${encode(new Uint8Array(64).fill(255)).replaceAll('_', '/')}`],
    ['white space', `${header}. ${payload}.${signature}`],
    ['a line break', `${header}.${payload}.${signature}\n`],
    ['the JSON serialization', JSON.stringify({ protected: header, payload, signature })],
  ])('refuses %s [JWT-18]', (_what, compact) => {
    expect(() => parseJws(compact)).toThrow(expect.objectContaining({ code: 'ERR_TOKEN_MALFORMED' }));
  });

  it('refuses stray bits behind the last byte of a segment, where a forgiving decoder sees the same bytes [JWT-19]', () => {
    const stray = `${signature.slice(0, -1)}B`;
    expect(Buffer.from(stray, 'base64url')).toEqual(Buffer.from(signature, 'base64url'));
    expect(() => parseJws(`${header}.${payload}.${stray}`)).toThrow(
      expect.objectContaining({ code: 'ERR_TOKEN_MALFORMED' }),
    );
  });

  it.each([
    ['a repeated header member', '{"alg":"none","alg":"ES256"}', '{"sub":"a"}'],
    ['a repeated claim', '{"alg":"ES256"}', '{"sub":"a","sub":"b"}'],
    ['a repeated claim in another spelling', '{"alg":"ES256"}', '{"sub":"a","\\u0073ub":"b"}'],
    ['a repeated member of a nested object', '{"alg":"ES256"}', '{"act":{"sub":"a","sub":"b"}}'],
  ])('refuses %s [JWT-20]', (_what, headerJson, payloadJson) => {
    expect(() => parseJws(`${encode(headerJson)}.${encode(payloadJson)}.${signature}`)).toThrow(
      expect.objectContaining({ code: 'ERR_TOKEN_MALFORMED' }),
    );
  });

  it.each([
    ['invalid UTF-8', new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ['a byte order mark', '\uFEFF{"sub":"a"}'],
    ['an array', '["sub"]'],
    ['a number', '1'],
    ['null', 'null'],
    ['no JSON', 'sub'],
    ['JSON and more', '{"sub":"a"}x'],
    ['nesting beyond any use', `{"a":${'['.repeat(6000)}${']'.repeat(6000)}}`],
  ])('refuses a payload that is %s [JWT-21]', (_what, text) => {
    expect(() => parseJws(`${header}.${encode(text)}.${signature}`)).toThrow(
      expect.objectContaining({ code: 'ERR_TOKEN_MALFORMED' }),
    );
  });
});

describe('isJwt', () => {
  const segment = (text: string) => Buffer.from(text).toString('base64url');
  const header = segment('{"alg":"ES256"}');

  it.each([
    ['a JWS', `${header}.${segment('{}')}.c2ln`],
    ['one without its signature', `${header}.${segment('{}')}`],
    ['one with too many dots', `${header}.a.b.c`],
    ['one with as many dots as an encrypted one', `${header}.a.b.c.d`],
    ['one whose header is padded', `${Buffer.from('{"alg": "ES256"}').toString('base64')}.a.b`],
    ['one whose header repeats a member', `${segment('{"alg":"none","alg":"ES256"}')}.a.b`],
    ['one whose header has white space in front', `${segment(' {"alg":"ES256"}')}.a.b`],
  ])('is true of %s: what looks like a JWT is judged as one', (_what, token) => {
    expect(isJwt(token)).toBe(true);
  });

  it.each([
    ['a word', 'opaque'],
    ['a header alone', header],
    ['words with dots', 'an.opaque.token'],
    ['a prefix before a JWT', `prefix_${header}.a.b`],
    ['a number for a header', `${segment('7')}.a.b`],
    ['an encrypted token', `${segment('{"alg":"RSA-OAEP","enc":"A256GCM"}')}.a.b.c.d`],
  ])('is false of %s', (_what, token) => {
    expect(isJwt(token)).toBe(false);
  });
});
