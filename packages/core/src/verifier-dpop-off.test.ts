import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { ConfigurationError, type ConfigurationIssue } from './errors.ts';
import type { RequirementInput } from './requirement/requirement.ts';
import { createVerifier } from './verifier.ts';

const resource = 'https://api.example';
const issuer = 'https://as.example';
const now = 1_800_000_000;
const { publicKey, privateKey } = await generateKeyPair('ES256');
const { kty = '', ...members } = await exportJWK(publicKey);
const options = { resource, issuers: [{ issuer, jwks: { keys: [{ kty, ...members }] } }], now: () => now * 1000 };
const bearerAlone = createVerifier({ ...options, dpop: 'off' });

async function authorization(scheme: string, claims: Readonly<Record<string, unknown>> = {}) {
  const payload = {
    iss: issuer,
    aud: resource,
    sub: 'alice',
    client_id: 'assistant',
    jti: '1',
    iat: now,
    exp: now + 60,
  };
  const token = await new SignJWT({ ...payload, ...claims })
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt' })
    .sign(privateKey);
  return [`${scheme} ${token}`];
}

/** The code and the challenges of a refusal; undefined for an accepted request. */
async function refusal(authorization: readonly string[], headers: Readonly<Record<string, readonly string[]>> = {}) {
  const outcome = await bearerAlone.check({ method: 'GET', target: '/', headers: { authorization, ...headers } });
  if (outcome.outcome !== 'refused') return undefined;
  return { code: outcome.error.code, challenges: outcome.response.headers['www-authenticate'] };
}

const offer = `resource_metadata="${resource}/.well-known/oauth-protected-resource"`;
const invalidToken =
  'error="invalid_token", error_description="The access token is not valid here, or no longer. Get a new one for this resource."';

describe("with dpop: 'off'", () => {
  it('bearer tokens are served and offered alone', async () => {
    expect(await refusal(await authorization('Bearer'))).toBeUndefined();
    expect(await refusal(['Bearer x'])).toMatchObject({ challenges: [`Bearer ${invalidToken}, ${offer}`] });
  });

  it('the scheme DPoP is no credentials', async () => {
    expect(await refusal(await authorization('DPoP'))).toEqual({
      code: 'ERR_SCHEME_UNSUPPORTED',
      challenges: [`Bearer ${offer}`],
    });
  });

  it('a token that is bound to a key is refused, whatever comes with it', async () => {
    const bound = await authorization('Bearer', { cnf: { jkt: 'a'.repeat(42).concat('A') } });
    for (const headers of [{}, { dpop: ['a.b.c'] }]) {
      expect(await refusal(bound, headers)).toEqual({
        code: 'ERR_TOKEN_BOUND',
        challenges: [`Bearer ${invalidToken}, ${offer}`],
      });
    }
  });

  it('the metadata names no algorithms for proofs', async () => {
    const documents = [bearerAlone, createVerifier(options)].map(async ({ metadata }) => {
      const { body } = await metadata.handle({ method: 'GET', target: metadata.path, headers: {} });
      return Object.keys(JSON.parse(String(body)));
    });
    const [off, on] = await Promise.all(documents);
    expect(off).toEqual(['resource', 'authorization_servers', 'bearer_methods_supported']);
    expect(on).toEqual([...(off ?? []), 'dpop_signing_alg_values_supported']);
  });
});

describe('a requirement that demands proofs where none are verified', () => {
  const message = "can be met by nobody while the option dpop is 'off'";

  function issuesOf(make: () => unknown): readonly ConfigurationIssue[] {
    try {
      make();
    } catch (error) {
      if (error instanceof ConfigurationError) return error.issues;
      throw error;
    }
    return [];
  }

  it.each(['dpop', 'dpop+mtls'] as const)('is a mistake in the options and of a guard: %s', (senderConstraint) => {
    const requirement = { scopes: ['read:data'], senderConstraint };
    const path = 'requirement.senderConstraint';
    expect(issuesOf(() => createVerifier({ ...options, dpop: 'off', requirement }))).toEqual([{ path, message }]);
    expect(issuesOf(() => bearerAlone.prepare(requirement))).toEqual([{ path: 'senderConstraint', message }]);
    expect(issuesOf(() => createVerifier({ ...options, requirement }).prepare(requirement))).toEqual([]);
  });

  it.each(['when-bound', 'required', 'mtls'] as const)(
    'is told from one that other tokens meet: %s',
    (senderConstraint) => {
      const requirement = { senderConstraint };
      expect(issuesOf(() => createVerifier({ ...options, dpop: 'off', requirement }).prepare(requirement))).toEqual([]);
    },
  );

  it('is reported beside other problems, and told from values that are no constraint', () => {
    const create = (requirement: unknown) => () =>
      createVerifier({ ...options, dpop: 'off', requirement: requirement as RequirementInput });
    expect(issuesOf(create({ senderConstraint: 'dpop', scopes: [] })).map(({ path }) => path)).toEqual([
      'requirement.scopes',
      'requirement.senderConstraint',
    ]);
    for (const senderConstraint of ['tls', 'constructor', 1, null]) {
      const issues = issuesOf(create({ senderConstraint }));
      expect(issues).toEqual([{ path: 'requirement.senderConstraint', message: expect.stringMatching(/^Invalid /) }]);
    }
  });
});
