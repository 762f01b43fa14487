import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTargetUris, normalizeUri } from './target-uri.ts';

/** RFC 3986 §2.3. */
const unreserved = [...'abcxyzABCXYZ0189-._~'];
/** Those of a path that are neither unreserved nor a slash (RFC 3986 §3.3). */
const others = [..."!$&'()*+,;=:@"];
const escapes = ['%2F', '%2f', '%41', '%7e', '%7E', '%2e', '%2E', '%3F', '%23', '%25', '%00', '%C3%A9', '%c3%a9'];

const text = (units: readonly string[], maxLength: number) => fc.string({ unit: fc.constantFrom(...units), maxLength });
const dots = fc.constantFrom('.', '..', '...', '.a', '%2e', '.%2E', '%2E%2e');
const pathOf = (segment: fc.Arbitrary<string>) =>
  fc.array(segment, { maxLength: 6 }).map((segments) => segments.map((one) => `/${one}`).join(''));

const scheme = fc.constantFrom('http', 'https');
const host = fc.constantFrom('api.example', 'a', '127.0.0.1', '[2001:db8::1]', 'xn--bcher-kva.example');
const port = fc.constantFrom('', ':80', ':443', ':8443', ':1');
const origin = fc.tuple(scheme, host, port).map(([name, where, door]) => `${name}://${where}${door}`);
const plainPath = pathOf(fc.oneof(text([...unreserved, ...others], 6), fc.constantFrom('.', '..', '...')));
const anyPath = pathOf(fc.oneof(text([...unreserved, ...others, ...escapes], 6), dots));
const ending = fc.constantFrom('', '?', '?a=b', '#c', '?a/../b?c#d?e');
const uri = fc.tuple(origin, anyPath, ending).map((parts) => parts.join(''));

/** Anything at all, and URIs with something in them that does not belong there. */
const anything = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .tuple(uri, fc.nat(60), fc.constantFrom('@', '\\', ' ', '\n', '\u0000', 'é', '%', '%2', '//', ':', '[', '?', '#'))
    .map(([good, at, odd]) => `${good.slice(0, at)}${odd}${good.slice(at)}`),
);

const changeCase = (letters: string, flips: readonly boolean[]) =>
  [...letters].map((letter, at) => (flips[at % flips.length] === true ? letter.toUpperCase() : letter)).join('');
const flips = fc.array(fc.boolean(), { minLength: 1 });
const escaped = (character: string) => `%${character.charCodeAt(0).toString(16)}`;

describe('normalizeUri', () => {
  it('has nothing left to do the second time [DPOP-11]', () => {
    fc.assert(
      fc.property(fc.oneof(uri, anything), (given) => {
        const once = normalizeUri(given);
        fc.pre(once !== undefined);
        expect(normalizeUri(once)).toBe(once);
      }),
    );
  });

  it('throws at nothing, and accepts nothing but http(s) URIs of ASCII characters without a user', () => {
    fc.assert(
      fc.property(anything, (given) => {
        const path = "(?:/(?:[\\w.~!$&'()*+,;=:@-]|%[0-9A-F]{2})*)+";
        const name = "[a-z0-9._~!$&'()*+,;=%-]+";
        const normalized = new RegExp(`^https?://(?:${name}|\\[[0-9a-f:.]+\\])(?::\\d{1,5})?${path}$`);
        expect(normalizeUri(given) ?? 'https://a/').toMatch(normalized);
      }),
    );
  });

  it('takes a time that grows with the length, and no faster', () => {
    // The square of this length would take minutes.
    const long = fc.constantFrom(
      '/',
      '/.',
      '/..',
      '/a/..',
      '%41',
      '%2F',
      '%',
      'a',
      'a.',
      ':',
      '?',
      '#',
      '@',
      '[',
      '\\',
    );
    const start = fc.constantFrom('', 'https://', 'https://a', 'https://a/', 'https://a:', 'https://a?', 'https://[');
    fc.assert(
      fc.property(start, long, fc.constantFrom('', '\n', '/', '%'), (first, many, last) => {
        const given = `${first}${many.repeat(300_000 / many.length)}${last}`;
        const startedAt = performance.now();
        normalizeUri(given);
        expect(performance.now() - startedAt).toBeLessThan(2_000);
      }),
      { numRuns: 60 },
    );
  });

  it('agrees with WHATWG URL where nothing is escaped [DPOP-11]', () => {
    fc.assert(
      fc.property(origin, plainPath, ending, (start, path, end) => {
        const url = new URL(`${start}${path}${end}`);
        expect(normalizeUri(url.href)).toBe(`${url.origin}${url.pathname}`);
        expect(normalizeUri(`${start}${path}${end}`)).toBe(`${url.origin}${url.pathname}`);
      }),
    );
  });

  it('is what WHATWG URL leaves undone where something is escaped: unreserved characters, and the case of escapes [DPOP-11]', () => {
    fc.assert(
      fc.property(uri, (given) => {
        const { origin: start, pathname } = new URL(given);
        const decoded = pathname.replace(/%[0-9a-f]{2}/gi, (triplet) => {
          const character = String.fromCharCode(Number.parseInt(triplet.slice(1), 16));
          return /[A-Za-z0-9_.~-]/.test(character) ? character : triplet.toUpperCase();
        });
        expect(normalizeUri(given)).toBe(`${start}${decoded}`);
      }),
    );
  });

  it('makes the same of all spellings: case of scheme and host, default port, escapes, dot segments, query [DPOP-11]', () => {
    const segments = pathOf(text([...unreserved, ...others], 6).filter((segment) => !/^\.{1,2}$/.test(segment)));
    fc.assert(
      fc.property(scheme, host, segments, flips, ending, (name, where, path, chosen, end) => {
        const spelt = [...path].map((character, at) =>
          chosen[at % chosen.length] === true && unreserved.includes(character) ? escaped(character) : character,
        );
        const detour = spelt.join('').replace(/^\/|^$/, '/x/.././');
        const door = name === 'http' ? ':80' : ':443';
        const other = `${changeCase(name, chosen)}://${changeCase(where, chosen)}${door}${detour}${end}`;
        expect(normalizeUri(other)).toBe(normalizeUri(`${name}://${where}${path}`));
      }),
    );
  });

  it('keeps apart what differs in anything else of its path [DPOP-10]', () => {
    const plain = pathOf(text([...unreserved, ...others, '%2F', '%25', '%C3'], 6)).filter(
      (path) => !/\/\.{1,2}(?:\/|$)/.test(path),
    );
    fc.assert(
      fc.property(plain, plain, (one, other) => {
        fc.pre((one || '/') !== (other || '/'));
        expect(normalizeUri(`https://api.example${one}`)).not.toBe(normalizeUri(`https://api.example${other}`));
      }),
    );
  });

  it('never goes above its origin [DPOP-10]', () => {
    fc.assert(
      fc.property(origin, pathOf(dots), (start, path) => {
        expect(normalizeUri(`${start}${path}/r`)?.startsWith(normalizeUri(start) ?? 'undefined')).toBe(true);
      }),
    );
  });
});

describe('the target URI', () => {
  const publicUrl = fc.tuple(
    fc.constantFrom('https://api.example', 'https://API.example:443', 'http://127.0.0.1:8080'),
    fc.constantFrom('', '/', '/api/v1', '/api/v1/', '/%7eu', '/a%2fb'),
  );
  const find = (base: string, target: string) => {
    try {
      return createTargetUris(base).of(target);
    } catch {
      return undefined;
    }
  };
  const query = fc.constantFrom('', '?', '?a=b', '?next=/../x#y', '?é');

  it('is the normalized one of the public URL and the target, for every target that is served [DPOP-10 DPOP-12]', () => {
    fc.assert(
      fc.property(publicUrl, anyPath, query, ([start, prefix], path, end) => {
        const found = find(`${start}${prefix}`, `${path}${end}`);
        fc.pre(found !== undefined);
        expect(found).toBe(normalizeUri(`${start}${prefix.replace(/\/$/, '')}${path}`));
        expect(normalizeUri(found)).toBe(found);
      }),
    );
  });

  it('is found for a path without dot segments, of one slash at its start, and for no other [DPOP-10]', () => {
    fc.assert(
      fc.property(anyPath, query, (path, end) => {
        const isServed = path.startsWith('/') && !path.startsWith('//') && !/\/(?:\.|%2e){1,2}(?:\/|$)/i.test(path);
        expect(find('https://api.example', `${path}${end}`) !== undefined).toBe(isServed);
      }),
    );
  });

  it('stays behind the public URL, whatever the target is [DPOP-12]', () => {
    fc.assert(
      fc.property(publicUrl, fc.oneof(anything, uri, anyPath), ([start, prefix], target) => {
        const base = `${normalizeUri(start)?.slice(0, -1)}${normalizeUri(`https://a${prefix}`)?.slice('https://a'.length)}`;
        const found = find(`${start}${prefix}`, target) ?? base;
        expect(found.startsWith(base)).toBe(true);
      }),
    );
  });

  it('of a target in absolute form is that of its path, at this origin alone [DPOP-10]', () => {
    fc.assert(
      fc.property(origin, anyPath, query, (start, path, end) => {
        const base = 'https://api.example';
        const isOurs = normalizeUri(start) === `${base}/`;
        expect(find(base, `${start}${path}${end}`)).toBe(isOurs ? find(base, `${path || '/'}${end}`) : undefined);
      }),
    );
  });

  it('is what a proof may name for it, and what is read of a proof is read the same again [DPOP-11 DPOP-12]', () => {
    fc.assert(
      fc.property(publicUrl, anyPath, fc.oneof(uri, anything), ([start, prefix], path, htu) => {
        const { of, read } = createTargetUris(`${start}${prefix}`);
        const found = find(`${start}${prefix}`, path);
        if (found !== undefined) expect(read(found)).toBe(of(path));
        const once = read(htu);
        expect(once === undefined ? once : read(once)).toBe(once);
      }),
    );
  });
});
