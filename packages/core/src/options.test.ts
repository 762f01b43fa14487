import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ConfigurationError, type ConfigurationIssue } from './errors.ts';
import { parseOptions, type VerifierOptions } from './options.ts';

const resource = 'https://api.example';
const issuer = 'https://as.example';
// RFC 8037 Appendix A.2.
const publicKey = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };

/** As JavaScript would call it: good options with these changes. */
const parse = (changes: object = {}) =>
  parseOptions({ resource, issuers: [issuer], ...changes } as unknown as VerifierOptions);

function issuesOf(action: () => unknown): readonly ConfigurationIssue[] {
  try {
    action();
    return [];
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return error.issues;
  }
}

const pathsOf = (action: () => unknown): string[] => issuesOf(action).map(({ path }) => path);

function listObjects(value: unknown): object[] {
  return typeof value === 'object' && value !== null ? [value, ...Object.values(value).flatMap(listObjects)] : [];
}

describe('parseOptions', () => {
  it('needs a resource and an issuer, and has a default for everything else', () => {
    expect(parse()).toEqual({
      resource,
      issuers: [
        {
          issuer,
          tokenProfile: 'rfc9068',
          claims: {
            clientId: ['client_id'],
            scopes: ['scope'],
            clientScopes: ['scope'],
            tokenId: ['jti'],
            subjectIsClient: [],
            session: ['sid'],
            task: [],
            purpose: [],
            transaction: ['txn'],
            customer: [],
          },
          maxTokenLifetimeSeconds: 86_400,
          algorithms: ['ES256', 'EdDSA', 'Ed25519', 'PS256', 'RS256'],
          keys: { refreshSeconds: 600, cooldownSeconds: 5, maxStaleSeconds: 3600, timeoutSeconds: 5 },
        },
      ],
      requirement: {},
      scopeHierarchy: {},
      publicUrl: resource,
      trustedProxies: [],
      dpop: { algorithms: ['ES256', 'EdDSA', 'Ed25519', 'PS256'], maxAgeSeconds: 60, nonces: undefined },
      stores: {},
      metadata: {},
      limits: { tokenBytes: 16_384, actDepth: 4, cachedTokens: 10_000, cachedIssuers: 1000, verificationsInFlight: 16 },
      clockToleranceSeconds: 5,
      fetch: expect.any(Function),
      now: Date.now,
    });
    expect(pathsOf(() => parseOptions({} as VerifierOptions))).toEqual(['resource', 'issuers']);
    expect(pathsOf(() => parse({ issuers: [] }))).toEqual(['issuers']);
  });

  it('takes undefined for an option that is not given, but for the baseline, which it would open', () => {
    expect(pathsOf(() => parse({ requirement: undefined } as never))).toEqual(['requirement']);
    const names = ['scopeHierarchy', 'metadata', 'limits', 'clockToleranceSeconds', 'onDecision'];
    const absent = [...names, 'renderProblem', 'fetch', 'now'].map((name) => [name, undefined]);
    expect(parse(Object.fromEntries(absent))).toEqual(parse());
  });

  it('calls the global fetch that is there at the time', async () => {
    const original = globalThis.fetch;
    const { fetch } = parse();
    try {
      globalThis.fetch = async () => new Response('instrumented');
      expect(await (await fetch('https://as.example')).text()).toBe('instrumented');
    } finally {
      globalThis.fetch = original;
    }
  });

  it('reports every problem at once, by path', () => {
    const options = {
      resource: 'http://api.example',
      issuers: ['as.example', { issuer, algorithms: ['HS256'], keys: { timeoutSeconds: 0 }, issuerr: 1 }, 7],
      requirement: { scopes: undefined, rules: [] },
      scopeHierarchy: { admin: ['a b'] },
      metadata: { name: '', documentation: 'x', scopes: [] },
      limits: { tokenBytes: 255, actDepth: 17 },
      clockToleranceSeconds: -1,
      onDecision: {},
      renderProblem: null,
      fetch: 'fetch',
      now: 0,
      audience: resource,
    };
    expect(new Set(pathsOf(() => parse(options)))).toEqual(
      new Set([
        ...['resource', 'issuers.0.issuer', 'issuers.1.algorithms.0', 'issuers.1.keys.timeoutSeconds', 'issuers.1'],
        ...['issuers.2', 'requirement.scopes', 'requirement', 'scopeHierarchy.admin.0', 'metadata.name'],
        ...['metadata.documentation', 'metadata.scopes', 'limits.tokenBytes', 'limits.actDepth'],
        ...['clockToleranceSeconds', 'onDecision', 'renderProblem', 'fetch', 'now', ''],
      ]),
    );
  });

  it.each([
    ['the options', '', { isuers: [] }],
    ['an issuer', 'issuers.0', { issuers: [{ issuer, jwks_uri: issuer }] }],
    ['the keys of an issuer', 'issuers.0.keys', { issuers: [{ issuer, keys: { cooldown: 1 } }] }],
    ['the requirement', 'requirement', { requirement: { scope: 'read' } }],
    ['the metadata', 'metadata', { metadata: { resource } }],
    ['the limits', 'limits', { limits: { tokenSize: 1 } }],
  ])('refuses a key that %s do not have', (_, path, changes) => {
    expect(issuesOf(() => parse(changes))).toEqual([{ path, message: expect.stringContaining('Unrecognized key') }]);
  });

  it.each([null, undefined, [], 'https://api.example', () => ({})])(
    'refuses %s for the options as a whole',
    (value) => {
      expect(pathsOf(() => parseOptions(value as unknown as VerifierOptions))).toEqual(['']);
    },
  );

  it('repeats no value in its message: options may hold secrets [LOG-01]', () => {
    const canary = 'canary \u0000';
    const options = {
      resource: `https://user:${canary}@api.example`,
      issuers: [
        canary,
        { issuer: canary, audience: { canary }, algorithms: [canary], jwksUri: canary },
        { issuer, audience: [''], jwks: { keys: [{ ...publicKey, d: canary }] }, keys: { refreshSeconds: canary } },
      ],
      requirement: { scopes: [canary], action: canary.repeat(50), allow: canary },
      scopeHierarchy: { admin: [canary] },
      metadata: { name: [canary], documentation: canary, scopes: [canary] },
      limits: { tokenBytes: canary, actDepth: canary },
      clockToleranceSeconds: canary,
      ...{ onDecision: canary, renderProblem: canary, fetch: canary, now: canary },
    };
    try {
      parse(options);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigurationError);
      expect(inspect(error, { depth: 9 }) + JSON.stringify(error)).not.toContain('canary');
    }
  });

  it('freezes what it gives to the last object, and leaves what it was given as it was', () => {
    const given = {
      issuers: [{ issuer, audience: [resource], algorithms: ['ES256'], jwks: { keys: [{ ...publicKey }] }, keys: {} }],
      requirement: { scopes: ['read'] },
      scopeHierarchy: { admin: ['read'] },
      metadata: { scopes: ['read'] },
      limits: {},
    };
    const before = structuredClone(given);
    const settings = parse(given);
    expect(listObjects(settings).filter((part) => !Object.isFrozen(part))).toEqual([]);
    expect(listObjects(given).filter((part) => Object.isFrozen(part))).toEqual([]);
    expect(given).toEqual(before);
    given.requirement.scopes.push('write');
    given.issuers[0]?.jwks.keys.pop();
    expect(settings).toMatchObject({ requirement: before.requirement, issuers: before.issuers });
  });

  it('takes options that are frozen themselves', () => {
    const frozen = Object.freeze({
      resource,
      issuers: Object.freeze([Object.freeze({ issuer, jwks: { keys: [publicKey] } })]),
    });
    expect(parseOptions(frozen).issuers).toMatchObject([{ issuer }]);
  });
});

describe('the numbers', () => {
  it.each([0, 0.5, 5, 300])('take a clock tolerance of %d seconds [JWT-13]', (clockToleranceSeconds) => {
    expect(parse({ clockToleranceSeconds }).clockToleranceSeconds).toBe(clockToleranceSeconds);
  });

  it.each([-0.1, 300.1, 3600, Number.NaN, Number.POSITIVE_INFINITY, '5', null, 5n])(
    'refuse a clock tolerance of %s: at most a few minutes (RFC 7519 §4.1.4) [JWT-13]',
    (clockToleranceSeconds) => {
      expect(pathsOf(() => parse({ clockToleranceSeconds }))).toEqual(['clockToleranceSeconds']);
    },
  );

  it.each([
    { tokenBytes: 256, actDepth: 1, cachedTokens: 0, cachedIssuers: 1, verificationsInFlight: 1 },
    { tokenBytes: 65_536, actDepth: 16, cachedTokens: 1_000_000, cachedIssuers: 100_000, verificationsInFlight: 1024 },
  ])('take the limits %o', (limits) => {
    expect(parse({ limits }).limits).toEqual(limits);
  });

  it.each([
    { tokenBytes: 255, actDepth: 0, cachedTokens: -1, cachedIssuers: 0, verificationsInFlight: 0 },
    { tokenBytes: 65_537, actDepth: 17, cachedTokens: 1_000_001, cachedIssuers: 100_001, verificationsInFlight: 1025 },
    { tokenBytes: 1000.5, actDepth: 1.5, cachedTokens: 1.5, cachedIssuers: 1.5, verificationsInFlight: 1.5 },
    {
      tokenBytes: Infinity,
      actDepth: Number.NaN,
      cachedTokens: Infinity,
      cachedIssuers: Number.NaN,
      verificationsInFlight: Number.NaN,
    },
    { tokenBytes: '16384', actDepth: '4', cachedTokens: '1', cachedIssuers: '1', verificationsInFlight: '1' },
    { tokenBytes: null, actDepth: null, cachedTokens: null, cachedIssuers: null, verificationsInFlight: null },
  ])('refuse the limits %o: no setting turns a check off [BRR-21 ACT-05]', (limits) => {
    expect(pathsOf(() => parse({ limits }))).toEqual(Object.keys(limits).map((name) => `limits.${name}`));
  });
});
