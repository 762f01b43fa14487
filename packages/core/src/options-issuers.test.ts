import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ConfigurationError } from './errors.ts';
import type { IssuerDirectory } from './issuer/directory.ts';
import { createIssuer } from './issuer/issuer.ts';
import type { IssuerSettings } from './issuer/options.ts';
import { parseOptions, type VerifierOptions } from './options.ts';

const resource = 'https://api.example';
const issuer = 'https://as.example';
// RFC 8037 Appendix A.1 and A.2.
const findNobody = () => Promise.resolve(undefined);
const publicKey = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };
const privateKey = { ...publicKey, d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A' };
// RFC 7748 §6.1.
const agreementKey = { kty: 'OKP', crv: 'X25519', x: 'hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo' };
const makeRsaKey = (modulusLength: number) =>
  generateKeyPairSync('rsa', { modulusLength }).publicKey.export({ format: 'jwk' });

/** As JavaScript would call it: good options with these changes. */
const parse = (changes: object = {}) =>
  parseOptions({ resource, issuers: [issuer], ...changes } as unknown as VerifierOptions);
const listIssuers = (changes: object) => parse(changes).issuers as readonly IssuerSettings[];
const parseIssuer = (options: object) => listIssuers({ issuers: [{ issuer, ...options }] })[0];

function pathsOf(action: () => unknown): string[] {
  try {
    action();
    return [];
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return error.issues.map(({ path }) => path);
  }
}

describe('the resource and the issuers', () => {
  it.each(['https://api.example', 'https://api.example/', 'https://API.example:443/a/%7Eb', 'http://[::1]:3000'])(
    'are kept byte for byte: %s [PRM-04 PRM-06]',
    (identifier) => {
      expect(parse({ resource: identifier }).resource).toBe(identifier);
      expect(listIssuers({ issuers: [identifier] })[0]?.issuer).toBe(identifier);
    },
  );

  it.each(['http://api.example', 'https://api.example?a', 'https://api.example#a', 'https://a@api.example', 'api', ''])(
    'cannot be %j [PRM-06 DSC-06]',
    (identifier) => {
      expect(pathsOf(() => parse({ resource: identifier }))).toEqual(['resource']);
      expect(pathsOf(() => parse({ issuers: [identifier] }))).toEqual(['issuers.0.issuer']);
    },
  );

  it('name no issuer twice, in whichever form', () => {
    expect(pathsOf(() => parse({ issuers: [issuer, { issuer }, 'https://as2.example', issuer] }))).toEqual([
      'issuers.1',
      'issuers.3',
    ]);
    expect(parse({ issuers: [issuer, `${issuer}/`] }).issuers).toHaveLength(2);
  });

  it('report an issuer that is named twice beside another problem', () => {
    expect(pathsOf(() => parse({ issuers: [issuer, issuer, 7] }))).toEqual(
      expect.arrayContaining(['issuers.1', 'issuers.2']),
    );
  });

  it('may be made before, and are taken as they are', () => {
    const shared = createIssuer('https://shared.example');
    expect(parse({ issuers: [issuer, shared] }).issuers).toEqual([expect.objectContaining({ issuer }), shared]);
    expect(pathsOf(() => parse({ issuers: [shared, 'https://shared.example'] }))).toEqual(['issuers.1']);
  });

  it('are no imitations of an issuer', () => {
    const shared = createIssuer('https://shared.example');
    expect(pathsOf(() => parse({ issuers: [{ ...shared }] }))).not.toEqual([]);
    expect(pathsOf(() => parse({ issuers: [Object.create(shared)] }))).not.toEqual([]);
  });

  it('are found by a directory that is an object of any class, and stays as it is', async () => {
    class Tenants {
      readonly advertised = [issuer];
      asked = 0;
      async find() {
        this.asked += 1;
        return undefined;
      }
    }
    const tenants = new Tenants();
    const directory = parse({ issuers: tenants }).issuers as IssuerDirectory;
    expect(directory).toMatchObject({ advertised: [issuer], refreshSeconds: 60 });
    await directory.find(issuer);
    expect(tenants.asked).toBe(1);
  });

  it.each([
    [{ find: 'https://as.example', advertised: [] }, ['issuers.find']],
    [{ find: findNobody }, ['issuers.advertised']],
    [{ find: findNobody, advertised: ['as.example'] }, ['issuers.advertised.0']],
    [{ find: findNobody, advertised: [], refreshSeconds: 0 }, ['issuers.refreshSeconds']],
    [{ advertised: [] }, ['issuers']],
    [null, ['issuers']],
  ])('are not found by %o', (directory, paths) => {
    expect(pathsOf(() => parse({ issuers: directory }))).toEqual(paths);
  });

  it('are called repeated only where they name something', () => {
    expect(pathsOf(() => parse({ issuers: [{}, {}, 7, 7] }))).toEqual([
      'issuers.0.issuer',
      'issuers.1.issuer',
      'issuers.2',
      'issuers.3',
    ]);
  });
});

describe('an issuer', () => {
  it('is the same as a string and as an object', () => {
    expect(parseIssuer({})).toEqual(listIssuers({ issuers: [issuer] })[0]);
  });

  it.each(['HS256', 'HS384', 'HS512', 'none', 'None', 'NONE', '', 'ES256K', 'es256', 'RSA-OAEP', null])(
    'cannot have the algorithm %s [JWT-01 JWT-02 JWT-03]',
    (algorithm) => {
      expect(pathsOf(() => parseIssuer({ algorithms: ['ES256', algorithm] }))).toEqual(['issuers.0.algorithms.1']);
      expect(parseIssuer({ algorithms: ['ES256', 'RS512'] })?.algorithms).toEqual(['ES256', 'RS512']);
    },
  );

  it.each([[[]], ['ES256'], [null]])('needs a list of algorithms: not %j', (algorithms) => {
    expect(pathsOf(() => parseIssuer({ algorithms }))).toEqual(['issuers.0.algorithms']);
  });

  it('has one audience or several, and never none', () => {
    expect(parseIssuer({ audience: 'api' })?.audience).toBe('api');
    expect(parseIssuer({ audience: ['api', resource] })?.audience).toEqual(['api', resource]);
    for (const audience of ['', [], [''], 7, null]) {
      expect(pathsOf(() => parseIssuer({ audience }))[0]).toMatch(/^issuers\.0\.audience/);
    }
  });

  it.each(['http://as.example/jwks', 'https://as.example/jwks#a', '/jwks', ''])(
    'has no keys at %j [JWK-08]',
    (jwksUri) => {
      expect(pathsOf(() => parseIssuer({ jwksUri }))).toEqual(['issuers.0.jwksUri']);
      expect(parseIssuer({ jwksUri: 'https://as.example/jwks?a' })?.jwksUri).toBe('https://as.example/jwks?a');
    },
  );

  it('has its keys in one place: jwks or jwksUri', () => {
    const [jwks, jwksUri] = [{ keys: [publicKey] }, 'https://as.example/jwks'];
    expect(pathsOf(() => parseIssuer({ jwks, jwksUri }))).toEqual(['issuers.0.jwks']);
    expect(parseIssuer({ jwks })?.jwks).toEqual(jwks);
    expect(parseIssuer({ jwksUri })?.jwksUri).toBe(jwksUri);
  });

  it.each([
    ['refreshSeconds', 0],
    ['refreshSeconds', Number.POSITIVE_INFINITY],
    ['cooldownSeconds', 0],
    ['cooldownSeconds', -5],
    ['maxStaleSeconds', '3600'],
    ['timeoutSeconds', 0],
    ['timeoutSeconds', 61],
  ])('cannot have %s of %s', (name, value) => {
    expect(pathsOf(() => parseIssuer({ keys: { [name]: value } }))).toEqual([`issuers.0.keys.${name}`]);
    expect(parseIssuer({ keys: { refreshSeconds: 60, [name]: 60 } })?.keys).toMatchObject({ [name]: 60 });
  });

  it('uses no keys that are older than the age at which they are fetched again', () => {
    expect(pathsOf(() => parseIssuer({ keys: { refreshSeconds: 61, maxStaleSeconds: 60 } }))).toEqual([
      'issuers.0.keys.maxStaleSeconds',
    ]);
    expect(parseIssuer({ keys: { refreshSeconds: 60, maxStaleSeconds: 60 } })?.keys.maxStaleSeconds).toBe(60);
  });

  it('has every problem reported at once, contradictions too', () => {
    const keys = { refreshSeconds: 61, maxStaleSeconds: 60, timeoutSeconds: 0 };
    expect(new Set(pathsOf(() => parseIssuer({ keys })))).toEqual(
      new Set(['issuers.0.keys.timeoutSeconds', 'issuers.0.keys.maxStaleSeconds']),
    );
    const twoSources = { jwks: { keys: [privateKey] }, jwksUri: 'https://as.example/jwks' };
    expect(pathsOf(() => parseIssuer(twoSources))).toEqual(['issuers.0.jwks', 'issuers.0.jwks']);
  });

  it('uses keys for as long as they are not fetched again, where nothing else is said', () => {
    expect(parseIssuer({ keys: { refreshSeconds: 7200 } })?.keys.maxStaleSeconds).toBe(7200);
    expect(parseIssuer({ keys: { refreshSeconds: 60 } })?.keys.maxStaleSeconds).toBe(3600);
  });
});

describe('the inline keys of an issuer', () => {
  const problemsOf = (...keys: unknown[]) => pathsOf(() => parseIssuer({ jwks: { keys } }));

  it.each([
    ['nothing', []],
    ['a private key', [privateKey]],
    ['a secret', [{ kty: 'oct', k: 'c2VjcmV0' }]],
    ['a key of a kind that is not known', [{ kty: 'XYZ' }]],
    ['a key that lacks a member', [{ kty: 'OKP', crv: 'Ed25519' }]],
    ['an RSA key of 1024 bits', [makeRsaKey(1024)]],
  ])('cannot be %s alone [JWT-23]', (_, keys) => {
    expect(problemsOf(...keys)).toEqual(['issuers.0.jwks']);
  });

  it('can hold keys that cannot be used, beside one that can [JWK-01]', () => {
    expect(problemsOf({ kty: 'XYZ' }, { kty: 'OKP', crv: 'Ed25519' }, publicKey)).toEqual([]);
    expect(problemsOf(makeRsaKey(2048))).toEqual([]);
  });

  it('cannot hold a private key beside a public one: it has no business here', () => {
    expect(problemsOf(publicKey, privateKey)).not.toEqual([]);
    expect(problemsOf(publicKey, publicKey)).toEqual([]);
  });

  it.each([
    ['is for encryption (RFC 7517 §4.2)', { ...publicKey, use: 'enc' }],
    ['is for other operations (RFC 7517 §4.3)', { ...publicKey, key_ops: ['encrypt'] }],
    ['agrees on keys and signs nothing (RFC 8037 §3.2)', agreementKey],
  ])('cannot be only one that %s [JWK-02]', (_, key) => {
    expect(problemsOf(key)).toEqual(['issuers.0.jwks']);
    expect(problemsOf({ ...publicKey, use: 'sig', key_ops: ['verify'] })).toEqual([]);
  });

  it.each([[{}], [{ keys: {} }], [{ keys: [7] }], [[publicKey]], ['{}'], [null]])('cannot be %j', (jwks) => {
    expect(pathsOf(() => parseIssuer({ jwks }))[0]).toMatch(/^issuers\.0\.jwks/);
  });

  it('can have further members, which are ignored (RFC 7517 §5)', () => {
    expect(pathsOf(() => parseIssuer({ jwks: { keys: [publicKey], 'x-published': 1 } }))).toEqual([]);
  });
});
