import { describe, expect, it } from 'vitest';
import { createTargetUris, normalizeUri } from './target-uri.ts';

describe('normalizeUri', () => {
  it.each([
    ['HTTPS://API.EXAMPLE:443/a/../r', 'https://api.example/r'],
    ['https://api.example', 'https://api.example/'],
    ['https://api.example:/', 'https://api.example/'],
    ['https://api.example:0443/', 'https://api.example/'],
    ['http://api.example:80/r', 'http://api.example/r'],
    ['http://api.example:443/r', 'http://api.example:443/r'],
    ['https://api.example:8443/r', 'https://api.example:8443/r'],
    ['https://api.example/%7Euser', 'https://api.example/~user'],
    ['https://api.example/%7euser/%2f', 'https://api.example/~user/%2F'],
    ['https://%61pi.example/', 'https://api.example/'],
    ['https://[2001:DB8::1]:443/', 'https://[2001:db8::1]/'],
    ['https://[2001:0db8:0:0:0:0:0:1]:8443/r', 'https://[2001:db8::1]:8443/r'],
    ['https://[::ffff:127.0.0.1]/', 'https://[::ffff:7f00:1]/'],
    ['https://api.example/r?x=1', 'https://api.example/r'],
    ['https://api.example/r#top', 'https://api.example/r'],
    ['https://api.example/r?a#b?c', 'https://api.example/r'],
    ['https://api.example?x=1', 'https://api.example/'],
    ['https://api.example/a/./b/../c/', 'https://api.example/a/c/'],
    ['https://api.example/a/..', 'https://api.example/'],
    ['https://api.example/a/%2E%2e/b', 'https://api.example/b'],
    ['https://api.example/../../r', 'https://api.example/r'],
    ['https://api.example/a//b', 'https://api.example/a//b'],
    ['https://api.example/.well-known/x', 'https://api.example/.well-known/x'],
    ['https://api.example/...', 'https://api.example/...'],
    ['https://api.example/a[0]|^', 'https://api.example/a%5B0%5D%7C%5E'],
    ['https://api.example/a%5b0%5d%7c%5e', 'https://api.example/a%5B0%5D%7C%5E'],
  ])('makes %s the same as %s [DPOP-10 DPOP-11 DPOP-13]', (text, normalized) => {
    expect(normalizeUri(text)).toBe(normalized);
  });

  // RFC 3986 §5.4: what the references come to that are nothing but dots, behind http://a/b/c/.
  it.each([
    ['.', '/b/c/'],
    ['./', '/b/c/'],
    ['..', '/b/'],
    ['../', '/b/'],
    ['../g', '/b/g'],
    ['../..', '/'],
    ['../../', '/'],
    ['../../g', '/g'],
    ['../../../g', '/g'],
    ['../../../../g', '/g'],
    ['g.', '/b/c/g.'],
    ['.g', '/b/c/.g'],
    ['g..', '/b/c/g..'],
    ['..g', '/b/c/..g'],
    ['./../g', '/b/g'],
    ['./g/.', '/b/c/g/'],
    ['g/./h', '/b/c/g/h'],
    ['g/../h', '/b/c/h'],
    ['g;x=1/./y', '/b/c/g;x=1/y'],
    ['g;x=1/../y', '/b/c/y'],
  ])('removes the dot segments of /b/c/%s as RFC 3986 §5.4 does', (reference, path) => {
    expect(normalizeUri(`http://a/b/c/${reference}`)).toBe(`http://a${path}`);
  });

  it.each([
    ['', 'nothing'],
    ['/r', 'no scheme'],
    ['//api.example/r', 'no scheme'],
    ['ftp://api.example/r', 'another scheme'],
    ['https:api.example/r', 'no authority'],
    ['https:///r', 'no host'],
    ['https://user@api.example/r', 'a user'],
    ['https://api.example\\r', 'a backslash'],
    ['https://api.example/r\n', 'a line end'],
    ['https://api.example/ r', 'a space'],
    [' https://api.example/r', 'a space before it'],
    ['https://api.example/é', 'a character beyond ASCII'],
    ['https://api.example/%', 'half an escape'],
    ['https://api.example/%2', 'half an escape'],
    ['https://api.example/%zz', 'no escape'],
    ['https://api.example:123456/', 'a port that is too long'],
    ['https://api.example:8a/', 'no port'],
    ['https://[::1/', 'half a bracket'],
    ['https://[1:2:3]/', 'no address'],
    ['https://[1::2::3]/r', 'no address'],
    ['https://[127.0.0.1]/', 'no address of that version'],
    ['https://[fe80::1%25eth0]/', 'a zone, which means nothing to others'],
    ['https://[]/', 'no address'],
  ])('is undefined for %j: %s', (text) => {
    expect(normalizeUri(text)).toBeUndefined();
  });
});

describe('the target URI', () => {
  const { of: find } = createTargetUris('https://API.example:443');

  it.each([
    ['/', 'https://api.example/'],
    ['/r', 'https://api.example/r'],
    ['/r?x=1', 'https://api.example/r'],
    ['/r/', 'https://api.example/r/'],
    ['/r//s', 'https://api.example/r//s'],
    ['/%7Eu/%2f', 'https://api.example/~u/%2F'],
    ['/a[0]|^', 'https://api.example/a%5B0%5D%7C%5E'],
    ['/r?next=/../x#y', 'https://api.example/r'],
    ['https://api.example/r?x', 'https://api.example/r'],
    ['HTTPS://api.EXAMPLE:443/r', 'https://api.example/r'],
    ['https://api.example', 'https://api.example/'],
    ['https://api.example:/r', 'https://api.example/r'],
    ['https://api.example?x=/r', 'https://api.example/'],
  ])('of %s is %s [DPOP-10 DPOP-12]', (target, uri) => {
    expect(find(target)).toBe(uri);
  });

  it.each([
    '',
    '*',
    'r',
    '//evil.example/r',
    '/\\r',
    '\\r',
    '/r#x',
    '/a/../r',
    '/a/./r',
    '/a/%2e%2E/r',
    '/..',
    '/r\u0000',
    '/r\r\n',
    '/é',
    '/%',
    '/%f',
    'api.example:443',
    'https://evil.example/r',
    'http://api.example/r',
    'https://api.example:8443/r',
    'https://user@api.example/r',
    'https://api.example//evil.example/r',
    'https://api.example/a/../r',
    'https://api.example/r#x',
    'https://api.example#/r',
    'https://api.example\\/r',
    'https://api.example\\r',
    'https://api.example;/r',
    'https:/r',
    'https:r',
    'https:///r',
    'ftp://api.example/r',
    '?/r',
  ])('of %j is refused: nothing else than what the router serves may be compared [DPOP-10 DPOP-12]', (target) => {
    expect(() => find(target)).toThrow(expect.objectContaining({ status: 400, code: 'ERR_TARGET_MALFORMED' }));
  });

  it.each(['https://gateway.example/api/v1', 'https://gateway.example/api/v1/', 'https://gateway.example/ap%69/v1'])(
    'stands behind the prefix of the public URL %s, whatever form the target has [DPOP-12]',
    (publicUrl) => {
      const targetUris = createTargetUris(publicUrl);
      expect(targetUris.of('/r')).toBe('https://gateway.example/api/v1/r');
      expect(targetUris.of('/')).toBe('https://gateway.example/api/v1/');
      expect(targetUris.of('https://gateway.example/r')).toBe('https://gateway.example/api/v1/r');
      expect(targetUris.of('/api/v1/r')).toBe('https://gateway.example/api/v1/api/v1/r');
    },
  );

  it.each([
    ['https://api.example:443', 'https://api.example/r'],
    ['https://api.example:0443/', 'https://api.example/r'],
    ['https://api.example:80', 'https://api.example:80/r'],
    ['http://localhost:80', 'http://localhost/r'],
    ['https://[2001:DB8:0:0::1]:443/v1', 'https://[2001:db8::1]/v1/r'],
    ['http://[::1]:8080', 'http://[::1]:8080/r'],
    ['https://api.example/%7eu/a%2fb/', 'https://api.example/~u/a%2Fb/r'],
    ['https://api.example/a//b', 'https://api.example/a//b/r'],
  ])('behind the public URL %s is %s [DPOP-11 DPOP-12]', (publicUrl, uri) => {
    expect(createTargetUris(publicUrl).of('/r')).toBe(uri);
  });

  it('is what a proof has to name after it was normalized as well', () => {
    for (const target of ['/', '/a/b%20c', '/~x', '/%E2%82%AC']) {
      expect(normalizeUri(find(target))).toBe(find(target));
    }
  });
});

describe('what a proof names', () => {
  it('is the public URL with a slash or without: whoever strips a prefix makes a slash of both [DPOP-12]', () => {
    for (const publicUrl of ['https://gateway.example/mcp', 'https://gateway.example/mcp/']) {
      const { of, read } = createTargetUris(publicUrl);
      expect(read('https://gateway.example/mcp')).toBe(of('/'));
      expect(read('HTTPS://gateway.example:443/%6Dcp?x#y')).toBe(of('/'));
      expect(read('https://gateway.example/mcp/')).toBe(of('/'));
      expect(read('https://gateway.example/r/../mcp')).toBe(of('/'));
    }
  });

  it.each(['https://gateway.example/', 'https://gateway.example', 'https://gateway.example/mcpx', 'https://a/mcp'])(
    'is not the root of a prefix where it is %s [DPOP-10 DPOP-12]',
    (htu) => {
      const { of, read } = createTargetUris('https://gateway.example/mcp');
      expect(read(htu)).toBe(normalizeUri(htu));
      expect(read(htu)).not.toBe(of('/'));
    },
  );

  it('keeps the slash at the end of any other path [DPOP-10]', () => {
    const { of, read } = createTargetUris('https://gateway.example/mcp');
    expect(read('https://gateway.example/mcp/r')).toBe(of('/r'));
    expect(read('https://gateway.example/mcp/r/')).toBe(of('/r/'));
    expect(of('/r/')).not.toBe(of('/r'));
  });

  it('is nothing where it is no URI', () => {
    const { read } = createTargetUris('https://gateway.example/mcp');
    expect(read('/mcp')).toBeUndefined();
  });
});
