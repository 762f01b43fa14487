import { describe, expect, it } from 'vitest';
import { createMetadataEndpoint } from './metadata.ts';
import { type MetadataOptions, metadataSchema } from './options.ts';

const page = 'https://api.example/page';
const full = {
  name: 'API',
  documentation: `${page}#docs`,
  policy: `${page}?lang=en`,
  termsOfService: page,
  scopes: ['read'],
  jwksUri: 'https://api.example/jwks',
  signingAlgorithms: ['ES256', 'ML-DSA-44'],
  authorizationDetailsTypes: ['payment_initiation'],
};

const issuesOf = (options: unknown) => metadataSchema.safeParse(options).error?.issues ?? [];
const problemsOf = (options: unknown) => issuesOf(options).map(({ path }) => path.join('.'));
const faultsOf = (other: object, options: MetadataOptions = full) =>
  issuesOf({ ...options, other }).map(({ path: [, name], message }) => [name, message]);

describe('metadataSchema', () => {
  it('takes nothing, all, and undefined', () => {
    const other = { x_plan: 'beta' };
    const sign = () => '';
    expect(metadataSchema.parse({})).toEqual({});
    expect(metadataSchema.parse({ ...full, other, sign })).toEqual({ ...full, other, sign });
    const absent = [...Object.keys(full), 'other', 'sign'].map((name) => [name, undefined]);
    expect(problemsOf(Object.fromEntries(absent))).toEqual([]);
  });

  it('refuses empty values: a list without members is left out (RFC 9728 §3.2) [PRM-07]', () => {
    const names = ['name', 'documentation', 'policy', 'termsOfService', 'jwksUri'];
    const lists = ['scopes', 'signingAlgorithms', 'authorizationDetailsTypes'];
    const empty = [...names.map((name) => [name, '']), ...lists.map((name) => [name, []])];
    expect(new Set(problemsOf(Object.fromEntries(empty)))).toEqual(new Set([...names, ...lists]));
    const hollow = lists.map((name) => [name, ['']]);
    expect(problemsOf(Object.fromEntries(hollow))).toEqual(lists.map((name) => `${name}.0`));
  });

  it('refuses offline_access, which is not a scope of a resource [PRM-09 MCP-11]', () => {
    expect(problemsOf({ scopes: ['read', 'offline_access'] })).toEqual(['scopes.1']);
  });

  it.each(['none', 'None', 'NONE'])('refuses to announce %s as a signature [PRM-12]', (algorithm) => {
    expect(problemsOf({ signingAlgorithms: ['ES256', algorithm] })).toEqual(['signingAlgorithms.1']);
  });

  it.each(['http://api.example/page', 'javascript:alert(1)', '/page', 'https://api.example/a b'])(
    'refuses pages and keys at %s [PRM-11]',
    (url) => {
      const names = ['documentation', 'policy', 'termsOfService', 'jwksUri'];
      expect(problemsOf(Object.fromEntries(names.map((name) => [name, url])))).toEqual(names);
    },
  );

  it('refuses keys at a fragment, where no document is [PRM-11]', () => {
    expect(problemsOf({ jwksUri: 'https://api.example/jwks#key' })).toEqual(['jwksUri']);
  });

  it('refuses what the verifier itself knows, and a signer that is none', () => {
    expect(problemsOf({ resource: 'https://api.example' })).toEqual(['']);
    expect(problemsOf({ sign: 'ES256' })).toEqual(['sign']);
  });
});

describe('further members', () => {
  it('are kept as they are, to the case of a language tag and the form of a letter [PRM-14 PRM-19]', () => {
    const other = {
      'resource_name#it': 'La mia API',
      'resource_name#zh-Hant-TW': '\u6211\u7684',
      'resource_name#pt-br': 'e\u0301 \u00E9',
      'resource_documentation#it': `${page}/it#uso`,
      'resource_policy_uri#it': page,
      'resource_tos_uri#it': page,
      'X-Plan': { name: 'beta', limits: [1, 2.5, -3e8, null, true, []], nested: {} },
      constructor: 'not ours',
      motto: 'Hello',
      'motto#it': 'Ciao',
    };
    expect(JSON.stringify(metadataSchema.parse({ ...full, other }).other)).toBe(JSON.stringify(other));
  });

  it('are a copy, so that what is given stays free', () => {
    const other = { list: [1] };
    const parsed = metadataSchema.parse({ other });
    other.list.push(2);
    expect(parsed.other).toEqual({ list: [1] });
  });

  it('have the name of no option: the fault names it', () => {
    expect(faultsOf({ resource_name: 'x', scopes_supported: ['x'], resource: 'x', authorization_servers: [] })).toEqual(
      [
        ['resource_name', 'has an option: metadata.name'],
        ['scopes_supported', 'has an option: metadata.scopes'],
        ['resource', 'has an option: resource'],
        ['authorization_servers', 'has an option: issuers'],
      ],
    );
  });

  it('never replace what the document says by itself [PRM-04 PRM-08 PRM-10 PRM-15]', async () => {
    const options = metadataSchema.parse(full);
    const endpoint = createMetadataEndpoint(
      { resource: 'https://api.example', authorizationServers: ['https://as.example'] },
      options,
      Date.now,
    );
    const { body } = await endpoint.handle({ method: 'GET', target: endpoint.path, headers: {} });
    const written = Object.keys(JSON.parse(body ?? ''));
    expect(written).toHaveLength(11);
    for (const name of [...written, 'signed_metadata']) {
      expect(faultsOf({ [name]: 'x' }, {}), name).toEqual([[name, expect.stringMatching(/^(?:has an option|says)/)]]);
    }
  });

  it.each(['dpop_signing_alg_values_supported', 'dpop_bound_access_tokens_required'])(
    'do not promise what the verifier does not do: %s [PRM-13]',
    (name) => {
      expect(faultsOf({ [name]: true })).toEqual([[name, 'says what the verifier does: it cannot be set']]);
    },
  );

  it.each(['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti'])('are no claims of the signature: %s [PRM-15]', (name) => {
    expect(faultsOf({ [name]: 'x' })).toEqual([[name, 'is a claim of signed metadata']]);
  });

  it('are not __proto__, at any depth', () => {
    expect(faultsOf(JSON.parse('{"__proto__":{"a":1}}'))).toEqual([['__proto__', expect.any(String)]]);
    expect(faultsOf(JSON.parse('{"a":[{"__proto__":1}]}'))).toEqual([['a', expect.stringMatching(/^must be JSON/)]]);
  });

  it.each([
    ['undefined', undefined],
    ['NaN', Number.NaN],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['a bigint', 1n],
    ['a symbol', Symbol('a')],
    ['a function', () => 'a'],
    ['a date', new Date(0)],
    ['a map', new Map()],
    ['an instance', new URL(page)],
    ['a list with a hole', new Array(1)],
    ['undefined inside', { a: [undefined] }],
  ])('are JSON: not %s', (_, value) => {
    expect(faultsOf({ a: value })).toEqual([['a', expect.stringMatching(/^must be JSON/)]]);
  });

  it('are JSON that ends', () => {
    const circle: unknown[] = [];
    circle.push(circle, circle);
    expect(faultsOf({ a: circle })).toEqual([['a', expect.stringMatching(/^must be JSON/)]]);
  });

  it('are left out where they have no values (RFC 9728 §3.2) [PRM-07]', () => {
    expect(faultsOf({ a: [] })).toEqual([['a', 'must not be an empty list: leave it out']]);
  });

  it.each([null, [], 'a', new Map([['a', 1]])])('are members of an object, not %o', (other) => {
    expect(problemsOf({ other })).toEqual(['other']);
  });

  it('are all reported at once, beside other problems [PRM-14]', () => {
    const other = { resource: 1, 'resource_name#it': 7, 'resource_tos_uri#it': 'x', a: 1n };
    const options = { name: '', termsOfService: page, scopes: [], other };
    expect(new Set(problemsOf(options))).toEqual(
      new Set(['name', 'scopes', ...Object.keys(other).map((name) => `other.${name}`)]),
    );
  });
});

describe('translations', () => {
  it.each(['resource_name#', 'resource_name#i', 'resource_name#it_IT', 'resource_name#it#en', 'motto# it'])(
    'have a language tag: not %s [PRM-14]',
    (name) => {
      expect(faultsOf({ motto: 'a', [name]: 'a' })).toEqual([
        [name, 'must have a language tag behind #, as resource_name#it has'],
      ]);
    },
  );

  it('are of what people read: the rest has none [PRM-14]', () => {
    const names = ['scopes_supported#it', 'resource#it', 'signed_metadata#it', '__proto__#it', 'iss#it', '#it'];
    expect(faultsOf(Object.fromEntries(names.map((name) => [name, 'x'])))).toEqual(
      names.map((name) => [name, 'has no translations']),
    );
  });

  it('stand beside a text without a language, for clients that look for none [PRM-14]', () => {
    const other = { 'resource_name#it': 'a', 'resource_policy_uri#it': page, 'motto#it': 'a' };
    expect(faultsOf(other, {})).toEqual([
      ['resource_name#it', 'needs metadata.name for everybody else'],
      ['resource_policy_uri#it', 'needs metadata.policy for everybody else'],
      ['motto#it', 'needs motto for everybody else'],
    ]);
    expect(faultsOf({ ...other, motto: 'a' })).toEqual([]);
  });

  it('hold what the untranslated ones hold [PRM-14]', () => {
    expect(
      faultsOf({ 'resource_name#it': '', 'resource_tos_uri#it': '/it', 'resource_policy_uri#it': [page] }),
    ).toEqual([
      ['resource_name#it', 'must not be empty'],
      ['resource_tos_uri#it', expect.stringContaining('URL')],
      ['resource_policy_uri#it', 'must be a string'],
    ]);
  });

  it('are one for each language, in whatever case it is written [PRM-14]', () => {
    const other = {
      'resource_name#it-IT': 'a',
      'resource_name#IT-it': 'b',
      'motto#it-it': 'c',
      motto: 'd',
      Motto: 'e',
    };
    expect(faultsOf(other)).toEqual([['resource_name#IT-it', 'names a language twice']]);
  });
});
