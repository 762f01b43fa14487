import { generateKeyPairSync, hash } from 'node:crypto';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ConfigurationError } from './errors.ts';
import { createIssuer } from './issuer/issuer.ts';
import type { IssuerOptions } from './issuer/options.ts';
import { parseOptions } from './options.ts';
import { createVerifier } from './verifier.ts';

const resource = 'https://api.example';
const issuer = 'https://as.example';
const clientAuthentication = { method: 'client_secret_basic', clientId: 'api-1', clientSecret: 'secret-1' };
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

/** What is wrong with the introspection of one issuer, by path. */
function findFaults(introspection: unknown, issuerOptions: object = {}): readonly string[] {
  return faultsOf([{ issuer, introspection, ...issuerOptions }]);
}

function faultsOf(issuers: readonly unknown[], options: object = {}): readonly string[] {
  try {
    parseOptions({ resource, issuers: issuers as IssuerOptions[], ...options });
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.issues.map(({ path }) => path);
    throw error;
  }
}

describe('introspection', () => {
  it('needs to know how this API authenticates, and nothing else', () => {
    expect(findFaults({})).toEqual(['issuers.0.introspection.clientAuthentication']);
    expect(findFaults({ clientAuthentication })).toEqual([]);
  });

  it.each([
    [{ method: 'client_secret_jwt' }, 'method'],
    [{ method: 'client_secret_basic', clientId: '', clientSecret: 's' }, 'clientId'],
    [{ method: 'client_secret_basic', clientId: 'a', clientSecret: '' }, 'clientSecret'],
    [{ method: 'client_secret_basic', clientId: 'a', clientSecret: [] }, 'clientSecret'],
    [{ method: 'client_secret_basic', clientId: 'a', clientSecret: ['1', '2', '3'] }, 'clientSecret'],
    [{ method: 'client_secret_basic', clientId: 'a', clientSecret: 's\u00fc\u00df' }, 'clientSecret'],
    [{ method: 'client_secret_basic', clientId: 'a:b', clientSecret: 's', encoding: 'raw' }, 'clientId'],
    [{ method: 'client_secret_basic', clientId: 'a', clientSecret: 's', encoding: 'none' }, 'encoding'],
    [{ method: 'client_secret_post', clientId: 'a', clientSecret: 's', encoding: 'raw' }, ''],
    [{ method: 'private_key_jwt', clientId: 'a', key: 'secret' }, 'key'],
    [{ method: 'private_key_jwt', clientId: 'a', key: publicKey, algorithm: 'ES256' }, 'key'],
    [{ method: 'private_key_jwt', clientId: 'a', key: publicKey.export({ format: 'jwk' }), algorithm: 'ES256' }, 'key'],
    [{ method: 'private_key_jwt', clientId: 'a', key: { kty: 'oct', k: 'AAAA' }, algorithm: 'ES256' }, 'key'],
    [{ method: 'private_key_jwt', clientId: 'a', key: privateKey }, 'algorithm'],
    [{ method: 'private_key_jwt', clientId: 'a', key: privateKey, algorithm: 'ES384' }, 'algorithm'],
    [{ method: 'private_key_jwt', clientId: 'a', key: privateKey, algorithm: 'RS256' }, 'algorithm'],
    [{ method: 'tls_client_auth', clientId: 'a', certificate: 'none', key: 'none' }, 'certificate'],
  ])('refuses the client authentication %o', (authentication, path) => {
    const prefix = 'issuers.0.introspection.clientAuthentication';
    const expected = path === '' ? prefix : `${prefix}.${path}`;
    expect(findFaults({ clientAuthentication: authentication })).toEqual([expected]);
  });

  it.each([
    [{ endpoint: 'http://as.example/introspect' }, 'endpoint'],
    [{ endpoint: 'https://as.example/introspect#a' }, 'endpoint'],
    [{ response: 'jwt' }, 'response'],
    [{ signedAudience: 'api' }, 'signedAudience'],
    [{ opaqueTokens: 'maybe' }, 'opaqueTokens'],
    [{ whenBehind: 'accept' }, 'whenBehind'],
    [{ tokenPrefix: '' }, 'tokenPrefix'],
    [{ tokenPrefix: 'a b' }, 'tokenPrefix'],
    [{ tokenPrefix: 'a=' }, 'tokenPrefix'],
    [{ opaqueTokens: 'refuse', tokenPrefix: 'a' }, 'tokenPrefix'],
    [{ timeoutSeconds: 0 }, 'timeoutSeconds'],
    [{ timeoutSeconds: 61 }, 'timeoutSeconds'],
    [{ cacheSeconds: -1 }, 'cacheSeconds'],
    [{ agent: {} }, 'agent'],
    [{ agent: new HttpsAgent({ rejectUnauthorized: false }) }, 'agent'],
  ])('refuses %o [INT-10]', (changes, path) => {
    expect(findFaults({ clientAuthentication, ...changes })).toEqual([`issuers.0.introspection.${path}`]);
  });

  it('takes http for loopback hosts, and agents that verify', () => {
    const local = { endpoint: 'http://127.0.0.1:8080/introspect?a=b', agent: new HttpAgent() };
    expect(findFaults({ clientAuthentication, ...local })).toEqual([]);
    expect(findFaults({ clientAuthentication, agent: new HttpsAgent({ keepAlive: true }) })).toEqual([]);
  });

  it('leaves the agent of the options as it is, which settings that are frozen are not', () => {
    const agent = new HttpAgent();
    const issuers = [{ issuer, introspection: { clientAuthentication, agent } }] as IssuerOptions[];
    const settings = parseOptions({ resource, issuers });
    expect(Object.isFrozen(agent)).toBe(false);
    // Equal options are equal settings: a directory that gives them again does not make a new issuer.
    expect(parseOptions({ resource, issuers })).toEqual(settings);
  });

  it('reports every problem at once, and repeats no secret', () => {
    const secret = 'canary-5a1f';
    const authentication = { method: 'client_secret_basic', clientId: '', clientSecret: [secret, ''], more: secret };
    try {
      parseOptions({
        resource,
        issuers: [{ issuer, introspection: { clientAuthentication: authentication } }] as never,
      });
      expect.fail();
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigurationError);
      expect(inspect(error, { depth: null })).not.toContain(secret);
    }
  });

  it('is what recheckSeconds needs', () => {
    expect(findFaults(undefined, { recheckSeconds: 60 })).toEqual(['issuers.0.recheckSeconds']);
    expect(findFaults({ clientAuthentication }, { recheckSeconds: 60 })).toEqual([]);
    expect(findFaults({ clientAuthentication }, { recheckSeconds: -1 })).toEqual(['issuers.0.recheckSeconds']);
  });
});

describe('several issuers with introspection', () => {
  const make = (name: string, changes: object = {}, secret: unknown = `secret-${name}`) => ({
    issuer: `https://${name}.example`,
    introspection: { clientAuthentication: { ...clientAuthentication, clientSecret: secret }, ...changes },
  });

  it('tell their opaque tokens apart by distinct prefixes, or all but one refuse them', () => {
    expect(faultsOf([make('one'), make('two')])).toEqual(['issuers.1.introspection.tokenPrefix']);
    expect(faultsOf([make('one', { tokenPrefix: 'a_' }), make('two')])).toEqual([
      'issuers.1.introspection.tokenPrefix',
    ]);
    expect(faultsOf([make('one', { tokenPrefix: 'a_' }), make('two', { tokenPrefix: 'a_b_' })])).toEqual([
      'issuers.1.introspection.tokenPrefix',
    ]);
    expect(faultsOf([make('one', { tokenPrefix: 'a_' }), make('two', { tokenPrefix: 'b_' })])).toEqual([]);
    expect(faultsOf([make('one', { opaqueTokens: 'refuse' }), make('two')])).toEqual([]);
    expect(faultsOf([make('one'), 'https://two.example'])).toEqual([]);
  });

  it('that are printed give away no secret, however easily it is guessed', () => {
    const printed = inspect(createIssuer(make('a', {}, 'secret-1') as IssuerOptions), {
      depth: null,
      showHidden: true,
    });
    expect(printed).toContain('secretHashes');
    for (const encoding of ['base64url', 'base64', 'hex'] as const) {
      expect(printed).not.toContain(hash('sha256', 'secret-1', encoding));
    }
    expect(printed).not.toContain('secret-1');
  });

  it('are never shown the same secret, not even one that is about to go', () => {
    const prefixes = [{ tokenPrefix: 'a_' }, { tokenPrefix: 'b_' }] as const;
    const path = 'issuers.1.introspection.clientAuthentication.clientSecret';
    expect(faultsOf([make('one', prefixes[0], 'same'), make('two', prefixes[1], 'same')])).toEqual([path]);
    expect(faultsOf([make('one', prefixes[0], ['old', 'new']), make('two', prefixes[1], ['old', 'other'])])).toEqual([
      path,
    ]);
    expect(faultsOf([make('one', prefixes[0], ['old', 'new']), make('two', prefixes[1], 'other')])).toEqual([]);
  });
});

describe('a requirement with maxStatusAgeSeconds', () => {
  const asked = { issuer, introspection: { clientAuthentication } } as IssuerOptions;
  const requirement = { maxStatusAgeSeconds: 30 };

  it('can be met by nobody where no issuer can be asked', () => {
    expect(faultsOf([issuer], { requirement })).toEqual(['requirement.maxStatusAgeSeconds']);
    const verifier = createVerifier({ resource, issuers: [issuer] });
    expect(() => verifier.prepare(requirement)).toThrow(
      expect.objectContaining({
        issues: [{ path: 'maxStatusAgeSeconds', message: 'needs an issuer with introspection' }],
      }),
    );
  });

  it('is one where an issuer can be asked, or a directory may find one', () => {
    expect(faultsOf([issuer.replace('as', 'other'), asked], { requirement })).toEqual([]);
    const directory = { find: async () => undefined, advertised: [] };
    expect(() => createVerifier({ resource, issuers: directory, requirement })).not.toThrow();
    const verifier = createVerifier({ resource, issuers: [asked], requirement });
    expect(verifier.prepare()).toEqual(requirement);
  });

  it('is tightened to the smaller one by every guard', () => {
    const verifier = createVerifier({ resource, issuers: [asked], requirement });
    expect(verifier.prepare({ maxStatusAgeSeconds: 60 })).toEqual({ maxStatusAgeSeconds: 30 });
    expect(verifier.prepare({ maxStatusAgeSeconds: 0 })).toEqual({ maxStatusAgeSeconds: 0 });
    expect(verifier.prepare('read:data')).toEqual({ scopes: ['read:data'], maxStatusAgeSeconds: 30 });
  });

  it.each([-1, 86_401, '30', Number.NaN, undefined])('is refused with %j', (maxStatusAgeSeconds) => {
    const verifier = createVerifier({ resource, issuers: [asked] });
    expect(() => verifier.prepare({ maxStatusAgeSeconds } as never)).toThrow(ConfigurationError);
  });
});
