import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findEndpointFault, findIdentifierFault, splitIdentifier } from './identifier.ts';
import { listMetadataUrls } from './issuer/discovery.ts';
import { metadataUrl } from './resource/metadata.ts';

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
const digits = '0123456789';
/** RFC 3986 §3.3: what a path segment holds, beside escapes. */
const pchar = [...letters, ...digits, ..."-._~!$&'()*+,;=:@"];
/** Everything that may stand anywhere in an identifier. */
const characters = [...pchar, ...'/[]%'];

const label = fc
  .tuple(fc.constantFrom(...letters), fc.string({ unit: fc.constantFrom(...letters, ...digits), maxLength: 5 }))
  .map((parts) => parts.join(''));
const ip4 = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255)).map((parts) => parts.join('.'));
const host = fc.oneof(
  fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join('.')),
  ip4.map((rest) => `192.${rest}`),
  fc
    .ipV6()
    .filter((address) => !address.includes('.'))
    .map((address) => `[${address}]`),
);
const loopback = fc.oneof(
  fc.mixedCase(fc.constant('localhost')),
  ip4.map((rest) => `127.${rest}`),
  fc.constant('[::1]'),
);
const port = fc.oneof(
  fc.constant(''),
  fc.nat(65_535).map((number) => `:${number}`),
  fc.constantFrom(':443', ':80', ':00080'),
);
const origin = fc
  .tuple(
    fc.oneof(
      host.map((name) => `https://${name}`),
      loopback.map((name) => `http://${name}`),
    ),
    port,
  )
  .map((parts) => parts.join(''));

/** What URL resolves as `.` or `..` (https://url.spec.whatwg.org/#single-dot-path-segment). */
const dotSegments = ['.', '..', '%2e', '%2E', '.%2e', '%2e.', '%2E%2e'];
const escaped = fc.nat(255).map((byte) => `%${byte.toString(16).padStart(2, '0')}`);
const segment = fc
  .oneof(
    fc
      .array(fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...pchar) }, escaped), { maxLength: 6 })
      .map((parts) => parts.join('')),
    fc.constantFrom('', '...', '.well-known', 'oauth-protected-resource', 'a', 'A', '%2f', '%2F'),
  )
  .filter((text) => !dotSegments.includes(text));
const path = fc.array(segment, { maxLength: 4 }).map((segments) => segments.map((text) => `/${text}`).join(''));
const identifier = fc.tuple(origin, path).map((parts) => parts.join(''));

/** Puts a text into another one at any place. */
const insertAnywhere = (text: string, at: number, inserted: string): string =>
  text.slice(0, at % (text.length + 1)) + inserted + text.slice(at % (text.length + 1));
const edited = fc
  .tuple(
    identifier,
    fc.nat(),
    fc.nat(2),
    fc.oneof(
      fc.constantFrom(
        '',
        '@',
        ':',
        '/',
        '\\',
        '?',
        '#',
        '%',
        '%2e',
        '/.',
        '/..',
        '//',
        '[',
        ']',
        'http://',
        ' ',
        '\t',
        '\n',
        '.',
      ),
      fc.nat(0x10ffff).map((code) => String.fromCodePoint(code)),
    ),
  )
  .map(([text, at, length, inserted]) => {
    const start = at % (text.length + 1);
    return text.slice(0, start) + inserted + text.slice(start + length);
  });
const anyText = fc.oneof(
  edited,
  identifier,
  fc.webUrl({ withFragments: true, withQueryParameters: true }),
  fc.string(),
);

describe('findIdentifierFault', () => {
  it('finds nothing wrong with an https URL, or one of loopback, that has only a path [PRM-06 DSC-06]', () => {
    fc.assert(
      fc.property(identifier, (text) => {
        expect(findIdentifierFault(text)).toBeUndefined();
      }),
    );
  });

  it('passes only what URL reads just as it is written [PRM-06 DSC-06]', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        if (findIdentifierFault(text) !== undefined) return;
        expect([...text].filter((character) => !characters.includes(character))).toEqual([]);
        const url = new URL(text);
        expect(url).toMatchObject({ username: '', password: '', search: '', hash: '' });
        expect(url.pathname).toBe(splitIdentifier(text).path || '/');
        const isLocal = /^(?:localhost|127\..*|\[::1\])$/.test(url.hostname);
        expect(url.protocol === 'https:' || (url.protocol === 'http:' && isLocal)).toBe(true);
      }),
    );
  });

  it.each([
    ['user information', (text: string) => text.replace('://', '://user@')],
    ['a user and a password', (text: string) => text.replace('://', '://user:password@')],
    ['a query', (text: string) => `${text}?a=b`],
    ['a fragment', (text: string) => `${text}#a`],
  ])('refuses any identifier with %s [PRM-06 DSC-06]', (_, spoil) => {
    fc.assert(
      fc.property(identifier, (text) => {
        expect(findIdentifierFault(spoil(text))).toBeDefined();
      }),
    );
  });

  it('refuses plain http to any other machine, however much its name is like that of loopback [PRM-06 DSC-06]', () => {
    const like = fc.tuple(fc.constantFrom('a.', 'x', ''), loopback, fc.constantFrom('.example', '.', '-x'));
    const elsewhere = fc.oneof(
      host.filter((name) => name !== '[::1]'),
      like.map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(elsewhere, port, path, (name, number, end) => {
        expect(findIdentifierFault(`http://${name}${number}${end}`)).toBeDefined();
      }),
    );
  });

  it('refuses any identifier with a character that no URL has, wherever it stands [PRM-06 DSC-06]', () => {
    const foreign = fc.oneof(
      fc.constantFrom(
        '\\',
        ' ',
        '\t',
        '\r\n',
        '\n',
        '\0',
        '"',
        '<',
        '^',
        '`',
        '{',
        '|',
        '\u00E9',
        '\u3002',
        '\uFF0F',
        '\uD800',
      ),
      fc
        .nat(0x10ffff)
        .map((code) => String.fromCodePoint(code))
        .filter((character) => !characters.includes(character)),
    );
    fc.assert(
      fc.property(identifier, fc.nat(), foreign, (text, at, character) => {
        expect(findIdentifierFault(insertAnywhere(text, at, character))).toBeDefined();
      }),
    );
  });

  it('refuses any path with a dot segment, escaped or not, which clients resolve [PRM-06 DSC-06]', () => {
    fc.assert(
      fc.property(origin, path, fc.constantFrom(...dotSegments), path, (start, before, dots, after) => {
        expect(findIdentifierFault(`${start}${before}/${dots}${after}`)).toBeDefined();
      }),
    );
  });
});

describe('findEndpointFault', () => {
  it('passes what identifiers are, with any query that URL can read, and no fragment [JWK-08]', () => {
    fc.assert(
      fc.property(identifier, fc.webQueryParameters(), fc.webFragments(), (text, query, fragment) => {
        expect(findEndpointFault(`${text}?${query}`)).toBeUndefined();
        expect(findEndpointFault(`${text}?${query}#${fragment}`)).toBeDefined();
      }),
    );
  });

  it('passes nothing else [JWK-08]', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        if (findEndpointFault(text) !== undefined) return;
        expect(findIdentifierFault(text.replace(/\?.*/s, ''))).toBeUndefined();
        expect(new URL(text).hash).toBe('');
      }),
    );
  });
});

describe('splitIdentifier', () => {
  it('splits where the path begins, and loses nothing', () => {
    fc.assert(
      fc.property(origin, path, (start, end) => {
        expect(splitIdentifier(start + end)).toEqual({ origin: start, path: end });
      }),
    );
  });
});

/** Two paths that differ in little or in nothing. */
const paths = fc
  .tuple(
    path,
    path,
    fc.constantFrom('', '/', '//', '/.well-known/oauth-protected-resource', '/.well-known/openid-configuration'),
  )
  .chain(([one, other, added]) =>
    fc.tuple(fc.constant(one), fc.constantFrom(one, other, one + added, added + one, one.toUpperCase())),
  );

/** As written, but for a slash at the end. */
const withoutSlash = (text: string): string => (text.endsWith('/') ? text.slice(0, -1) : text);

describe('metadataUrl', () => {
  it('inserts the well-known path before the path of the resource, kept to the byte [PRM-01]', () => {
    fc.assert(
      fc.property(identifier, (resource) => {
        const url = new URL(metadataUrl(resource));
        const { origin: expected, pathname } = new URL(resource);
        expect(url.origin).toBe(expected);
        expect(url.pathname).toBe(`/.well-known/oauth-protected-resource${pathname === '/' ? '' : pathname}`);
        expect(url).toMatchObject({ username: '', password: '', search: '', hash: '' });
        // What is advertised is what is served: a client that takes the URL apart asks for the same bytes.
        expect(splitIdentifier(metadataUrl(resource)).path).toBe(url.pathname);
      }),
    );
  });

  it('gives two resources one URL only where a root slash is all that differs [PRM-01 PRM-05]', () => {
    fc.assert(
      fc.property(origin, paths, (start, [one, other]) => {
        const isSame = one === other || [one, other].every((text) => text === '' || text === '/');
        expect(metadataUrl(start + one) === metadataUrl(start + other)).toBe(isSame);
      }),
    );
  });
});

describe('listMetadataUrls', () => {
  it('inserts before the path of the issuer, then appends, both without the slash at its end [DSC-01 DSC-02]', () => {
    fc.assert(
      fc.property(identifier, (issuer) => {
        const { origin: expected, pathname } = new URL(issuer);
        const base = withoutSlash(pathname);
        const urls = listMetadataUrls(issuer).map((url) => new URL(url));
        expect(urls.map((url) => url.origin)).toEqual([expected, expected]);
        expect(urls.map((url) => url.pathname)).toEqual([
          `/.well-known/oauth-authorization-server${base}`,
          `${base}/.well-known/openid-configuration`,
        ]);
      }),
    );
  });

  it('gives two issuers one URL only where a slash at the end is all that differs [DSC-01 DSC-02]', () => {
    fc.assert(
      fc.property(origin, paths, (start, [one, other]) => {
        const [ones, others] = [listMetadataUrls(start + one), listMetadataUrls(start + other)];
        const isSame = withoutSlash(one) === withoutSlash(other);
        expect(ones.map((url, index) => url === others[index])).toEqual([isSame, isSame]);
      }),
    );
  });
});
