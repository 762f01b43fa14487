import { describe, expect, it } from 'vitest';
import { findEndpointFault, findIdentifierFault, findPageFault, splitIdentifier } from './identifier.ts';

const shape = 'must be an absolute http(s) URL of ASCII characters, without user, query or fragment';
const scheme = 'must be https: http is for loopback';

describe('findIdentifierFault', () => {
  it.each([
    'https://api.example.com',
    'https://api.example.com/',
    'https://api.example.com/mcp',
    'https://api.example.com/mcp/',
    'https://api.example.com:8443/a/b;v=1/%C3%A9~(x)',
    'https://API.Example.com/Mcp',
    'https://xn--bcher-kva.example',
    'https://192.0.2.1',
    'https://[2001:db8::1]:8443/a',
    'http://localhost',
    'http://LOCALHOST:3000/mcp',
    'http://127.0.0.1:3000',
    'http://127.1.2.3',
    'http://[::1]:3000/',
  ])('finds nothing wrong with %s [PRM-06 DSC-06]', (text) => {
    expect(findIdentifierFault(text)).toBeUndefined();
  });

  it.each([
    'http://api.example.com',
    'http://localhost.example.com',
    'http://localhost.',
    'http://notlocalhost',
    'http://127.0.0.1.example.com',
    'http://128.0.0.1',
    'http://0.0.0.0',
    'http://[::2]',
    'http://192.168.0.1',
  ])('wants https for %s: plain http never leaves the machine [PRM-06 DSC-06]', (text) => {
    expect(findIdentifierFault(text)).toBe(scheme);
    expect(findIdentifierFault(text.replace('http:', 'https:'))).toBeUndefined();
  });

  it.each([
    'https://api.example.com/.',
    'https://api.example.com/a/../b',
    'https://api.example.com/..',
    'https://api.example.com/a/%2e%2E/b',
    'https://api.example.com/.%2e',
  ])('wants no dot segments, which clients resolve: %s', (text) => {
    expect(findIdentifierFault(text)).toBe('must not have the path segments . and ..');
    expect(findIdentifierFault(text.replace(/\/(?:\.|%2e)+(?=\/|$)/gi, '/.%2ewell-known'))).toBeUndefined();
  });

  it.each([
    ['is empty', ''],
    ['is relative', '/mcp'],
    ['has no scheme', 'api.example.com'],
    ['has no host', 'https://'],
    ['has no host but a path', 'https:///mcp'],
    ['has another scheme', 'ftp://api.example.com'],
    ['has a URN for a scheme', 'urn:example:api'],
    ['has a scheme in capitals', 'HTTPS://api.example.com'],
    ['has one slash', 'https:/api.example.com'],
    ['has a query', 'https://api.example.com/a?b=c'],
    ['has an empty query', 'https://api.example.com?'],
    ['has a fragment', 'https://api.example.com/#a'],
    ['has an empty fragment', 'https://api.example.com#'],
    ['has a user', 'https://user@api.example.com'],
    ['has a user and a password', 'https://user:password@api.example.com'],
    ['has an empty user', 'https://@api.example.com'],
    ['has an empty port', 'https://api.example.com:'],
    ['has a port that is too large', 'https://api.example.com:65536'],
    ['has a port that is no number', 'https://api.example.com:x'],
    ['has an address that is none', 'https://192.0.2.256'],
    ['has an IPv6 address that is none', 'https://[::g]'],
    ['has a host outside ASCII', 'https://b\u00FCcher.example'],
    ['has a path outside ASCII', 'https://api.example.com/\u00E9'],
    ['has a broken escape', 'https://api.example.com/%zz'],
    ['has a backslash', 'https://api.example.com\\mcp'],
    ['has a quote', 'https://api.example.com/"'],
    ['has a space', 'https://api.example.com/a b'],
    ['has a space at its end', 'https://api.example.com '],
    ['has a line break at its end', 'https://api.example.com\n'],
    ['has a line break in it', 'https://api.example.com/\r\nSet-Cookie:a'],
    ['has a tab that URL would drop', 'https://api.exam\tple.com'],
    ['has a NUL', 'https://api.example.com/\0'],
  ])('refuses what %s [PRM-06 DSC-06]', (_, text) => {
    expect(findIdentifierFault(text)).toBe(shape);
  });
});

describe('findEndpointFault', () => {
  it.each([
    'https://as.example/jwks',
    'https://as.example/jwks?v=1&a=b',
    'https://as.example?x',
    'http://127.0.0.1/jwks',
  ])('finds nothing wrong with %s: a query is fine [JWK-08]', (text) => {
    expect(findEndpointFault(text)).toBeUndefined();
  });

  it.each([
    ['http elsewhere', 'http://as.example/jwks'],
    ['http elsewhere with a query', 'http://as.example/jwks?http://localhost'],
    ['a fragment', 'https://as.example/jwks#a'],
    ['a fragment behind a query', 'https://as.example/jwks?a#b'],
    ['a user', 'https://user@as.example/jwks'],
    ['no URL', 'jwks'],
    ['nothing', ''],
    ['nothing but a query', '?a=b'],
  ])('refuses %s [JWK-08]', (_, text) => {
    expect(findEndpointFault(text)).toBeTypeOf('string');
  });
});

describe('findPageFault', () => {
  it.each([
    'https://api.example/docs',
    'https://api.example/docs?lang=it#terms',
    'https://api.example#',
    'http://localhost:3000/docs#a#b',
  ])('finds nothing wrong with %s: a page may have a place to start reading', (text) => {
    expect(findPageFault(text)).toBeUndefined();
  });

  it.each([
    ['http elsewhere', 'http://api.example/docs#a'],
    ['a script', 'javascript:alert(1)'],
    ['no URL', '/docs'],
    ['nothing', ''],
    ['nothing but a fragment', '#a'],
    ['a space in its query', 'https://api.example/docs?a b'],
    ['a line break in its fragment', 'https://api.example/docs#a\n'],
    ['a fragment outside ASCII', 'https://api.example/docs#\u00E9'],
  ])('refuses %s', (_, text) => {
    expect(findPageFault(text)).toBeTypeOf('string');
  });
});

describe('splitIdentifier', () => {
  it.each([
    ['https://api.example.com', 'https://api.example.com', ''],
    ['https://api.example.com/', 'https://api.example.com', '/'],
    ['https://API.example.com:443/A/b/', 'https://API.example.com:443', '/A/b/'],
    ['http://[::1]:3000/mcp', 'http://[::1]:3000', '/mcp'],
  ])('takes %s apart as it is written', (text, origin, path) => {
    expect(splitIdentifier(text)).toEqual({ origin, path });
  });
});
