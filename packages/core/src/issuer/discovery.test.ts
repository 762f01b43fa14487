import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../json.ts';
import { discover, kindOfFault, listMetadataUrls, readEndpoint } from './discovery.ts';
import { FetchFault, type FetchJson } from './fetch-json.ts';

const issuer = 'https://as.example/tenant';
const oauthUrl = 'https://as.example/.well-known/oauth-authorization-server/tenant';
const openidUrl = 'https://as.example/tenant/.well-known/openid-configuration';
const document = { issuer, jwks_uri: 'https://keys.example/jwks?v=1' };

/** Answers these documents at once, nothing at all where it says so, and 404 everywhere else. */
function serve(documents: Record<string, JsonObject | 'silence'>): FetchJson & { readonly asked: string[] } {
  const asked: string[] = [];
  const fetchJson: FetchJson = async (url) => {
    asked.push(url);
    const found = documents[url];
    if (found === 'silence') return new Promise(() => undefined);
    if (found === undefined) throw new FetchFault('unavailable', 'status 404');
    return found;
  };
  return Object.assign(fetchJson, { asked });
}

/** Where the keys of an issuer are: what most tests want of its metadata. */
const findKeys = async (identifier: string, fetchJson: FetchJson, patienceSeconds: number) =>
  discover(identifier, fetchJson, patienceSeconds, (members) => readEndpoint(members, 'jwks_uri', identifier));

const faults = (...kinds: FetchFault['kind'][]) => ({ errors: kinds.map((kind) => expect.objectContaining({ kind })) });

describe('listMetadataUrls', () => {
  it.each([
    ['https://as.example', ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration']],
    ['https://as.example/', ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration']],
    ['https://as.example/t1', ['/.well-known/oauth-authorization-server/t1', '/t1/.well-known/openid-configuration']],
    ['https://as.example/t1/', ['/.well-known/oauth-authorization-server/t1', '/t1/.well-known/openid-configuration']],
    [
      'https://as.example/a/b',
      ['/.well-known/oauth-authorization-server/a/b', '/a/b/.well-known/openid-configuration'],
    ],
  ])('inserts for RFC 8414, appends for OpenID: %s [DSC-01 DSC-02]', (identifier, paths) => {
    expect(listMetadataUrls(identifier)).toEqual(paths.map((path) => `https://as.example${path}`));
  });
});

describe('discover', () => {
  it('takes the OAuth document first, and asks no further', async () => {
    const fetcher = serve({ [oauthUrl]: document, [openidUrl]: document });
    expect(await findKeys(issuer, fetcher, 5)).toBe(document.jwks_uri);
    expect(fetcher.asked).toEqual([oauthUrl]);
  });

  it('falls back to the OpenID document', async () => {
    const fetcher = serve({ [openidUrl]: document });
    expect(await findKeys(issuer, fetcher, 5)).toBe(document.jwks_uri);
    expect(fetcher.asked).toEqual([oauthUrl, openidUrl]);
  });

  it.each(['https://as.example/tenant/', 'https://AS.example/tenant', 'https://evil.example', undefined, 7])(
    'discards a document about the issuer %s [DSC-03]',
    async (named) => {
      const fetcher = serve({ [oauthUrl]: { ...document, issuer: named } });
      await expect(findKeys(issuer, fetcher, 5)).rejects.toMatchObject(faults('invalid', 'unavailable'));
    },
  );

  it('discards a document without a jwks_uri [JWK-08]', async () => {
    const fetcher = serve({ [oauthUrl]: { issuer } });
    await expect(findKeys(issuer, fetcher, 5)).rejects.toMatchObject(faults('absent', 'unavailable'));
  });

  it.each([7, null, 'jwks', '/jwks', 'http://keys.example/jwks', 'ftp://keys.example/jwks', 'https://k.example/#a'])(
    'discards a document with the jwks_uri %s [JWK-08]',
    async (jwksUri) => {
      const fetcher = serve({ [oauthUrl]: { ...document, jwks_uri: jwksUri } });
      await expect(findKeys(issuer, fetcher, 5)).rejects.toMatchObject(faults('invalid', 'unavailable'));
    },
  );

  it('follows an issuer on this machine to its keys, and no other one back to it [JWK-08]', async () => {
    const local = { issuer: 'http://127.0.0.1:9', jwks_uri: 'http://127.0.0.1:9/jwks' };
    const fetcher = serve({ 'http://127.0.0.1:9/.well-known/oauth-authorization-server': local });
    expect(await findKeys(local.issuer, fetcher, 5)).toBe(local.jwks_uri);
    const elsewhere = serve({ [oauthUrl]: { ...document, jwks_uri: local.jwks_uri } });
    await expect(findKeys(issuer, elsewhere, 5)).rejects.toMatchObject(faults('invalid', 'unavailable'));
  });

  it('takes a good document behind a discarded one', async () => {
    const fetcher = serve({ [oauthUrl]: { ...document, issuer: 'https://as.example' }, [openidUrl]: document });
    expect(await findKeys(issuer, fetcher, 5)).toBe(document.jwks_uri);
  });

  it('says what went wrong at each place', async () => {
    await expect(findKeys(issuer, serve({}), 5)).rejects.toMatchObject(faults('unavailable', 'unavailable'));
  });

  it('asks the second place when the first keeps silent, and takes whichever answers', async () => {
    const fetcher = serve({ [oauthUrl]: 'silence', [openidUrl]: document });
    expect(await findKeys(issuer, fetcher, 0.01)).toBe(document.jwks_uri);
    expect(fetcher.asked).toEqual([oauthUrl, openidUrl]);
  });
});

describe('kindOfFault', () => {
  const fault = (kind: FetchFault['kind']) => new FetchFault(kind, 'a fault');

  it.each([
    ['unavailable', [fault('unavailable'), fault('unavailable')]],
    ['invalid', [fault('unavailable'), fault('invalid')]],
    ['absent', [fault('absent'), fault('invalid')]],
  ] as const)('says %s of what tells most', (kind, errors) => {
    expect(kindOfFault(new AggregateError(errors))).toBe(kind);
  });

  it('takes no bug for a fault', () => {
    const bug = new TypeError('a bug');
    expect(() => kindOfFault(new AggregateError([fault('invalid'), bug]))).toThrow(bug);
    expect(() => kindOfFault(bug)).toThrow(bug);
  });
});
