import { type Agent, createIssuer, createVerifier, type Outcome } from '@gatehouse/core';
import { createTestAgent, createTestIssuer } from '@gatehouse/testing';
import { describe, expect, it } from 'vitest';
import { answerWith, atEnd, clientAuthentication, describeToken, guardAt, serve } from './endpoint.ts';
import { describeOutcome, requestWith, resource, startGuard } from './guard.ts';

const agentOf = (outcome: Outcome): Agent => (outcome.outcome === 'accepted' ? outcome.agent : expect.fail());

/** How a request with an opaque token ends of which this is said. */
async function judge(members: Readonly<Record<string, unknown>>, issuerChanges = {}): Promise<Outcome> {
  const { url } = await serve(answerWith(describeToken(members)));
  return guardAt(url, {}, issuerChanges)();
}

describe('what an issuer says of an opaque token', () => {
  it('becomes an agent as what a JWT says does', async () => {
    const agent = agentOf(
      await judge({
        scope: 'read:data write:data',
        jti: 'token-1',
        act: { sub: 'agent-1', act: { sub: 'agent-2' } },
        authorization_details: [{ type: 'payment' }],
        acr: 'mfa',
        auth_time: 1_800_000_000,
      }),
    );
    expect(agent).toMatchObject({
      sub: 'user-1',
      clientId: 'client-1',
      subjectType: 'user',
      tokenId: 'token-1',
      actor: { sub: 'agent-1', source: 'act' },
      priorActors: [{ sub: 'agent-2' }],
      confirmation: { method: 'none' },
      claims: { authorization_details: [{ type: 'payment' }], acr: 'mfa', auth_time: 1_800_000_000 },
    });
    expect([...agent.scopes]).toEqual(['read:data', 'write:data']);
  });

  it('may leave out what the question says already: who issued it', async () => {
    expect(await judge({ iss: undefined })).toMatchObject({ agent: { iss: 'https://as.example' } });
    expect(await judge({ iss: null })).toMatchObject({ error: { code: 'ERR_TOKEN_CLAIM_MALFORMED' } });
  });

  it('is about a client that acts for itself where it names no subject', async () => {
    const named = { sub: 'client-1', clientId: 'client-1', subjectType: 'client', actor: { sub: 'client-1' } };
    expect(await judge({ sub: undefined })).toMatchObject({ agent: named });
    expect(await judge({ sub: 'client-1' })).toMatchObject({ agent: named });
  });

  it('is not enough where it names nobody: no client, whether it names a subject or not', async () => {
    for (const members of [{ client_id: undefined }, { client_id: undefined, sub: undefined }]) {
      expect(await judge(members)).toMatchObject({ error: { code: 'ERR_TOKEN_CLAIM_MISSING' } });
    }
  });

  it('is read where the mapping of the issuer has it, or by the names of RFC 7662', async () => {
    const claims = { clientId: ['cid'], scopes: ['scp'] };
    const mapped = await judge({ client_id: undefined, cid: 'client-2', scp: ['read:data'] }, { claims });
    expect(mapped).toMatchObject({ agent: { clientId: 'client-2' } });
    expect([...agentOf(mapped).scopes]).toEqual(['read:data']);
    const standard = await judge({ scope: 'read:data' }, { claims });
    expect(standard).toMatchObject({ agent: { clientId: 'client-1' } });
    expect([...agentOf(standard).scopes]).toEqual(['read:data']);
  });

  it('needs no scope, whatever the profile of the issuer demands of JWTs', async () => {
    expect(await judge({}, { tokenProfile: 'legacy' })).toMatchObject({ outcome: 'accepted' });
  });

  const now = Math.floor(Date.now() / 1000);

  it('without exp counts until tokens of the issuer have ended', async () => {
    const options = { maxTokenLifetimeSeconds: 600 };
    const agent = agentOf(await judge({ exp: undefined, iat: now - 100 }, options));
    expect(agent.expiresAt.getTime() / 1000).toBe(now + 500);
    expect(await judge({ exp: undefined, iat: now - 700 }, options)).toMatchObject({
      error: { code: 'ERR_TOKEN_EXPIRED' },
    });
  });

  it('without iat was issued as long ago as tokens of the issuer may live', async () => {
    const options = { maxTokenLifetimeSeconds: 600 };
    const agent = agentOf(await judge({ iat: undefined, exp: now + 100 }, options));
    expect(agent.issuedAt.getTime() / 1000).toBe(now - 500);
    expect(await judge({ iat: undefined, exp: now + 700 }, options)).toMatchObject({
      error: { code: 'ERR_TOKEN_LIFETIME' },
    });
  });

  it('without both times has no end that anybody knows, and is refused', async () => {
    expect(await judge({ iat: undefined, exp: undefined })).toMatchObject({
      error: { code: 'ERR_TOKEN_CLAIM_MISSING', reasons: ['exp'] },
    });
  });

  const jkt = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs';

  it.each([
    ['bearer', {}, 'accepted'],
    ['Bearer', {}, 'accepted'],
    ['access_token', {}, 'accepted'],
    ['DPoP', { cnf: { jkt } }, 'ERR_TOKEN_BOUND'],
    ['dpop', { cnf: { jkt } }, 'ERR_TOKEN_BOUND'],
    ['DPoP', {}, 'ERR_TOKEN_CLAIM_MISSING'],
    ['DPoP', { cnf: { 'x5t#S256': jkt } }, 'ERR_TOKEN_CLAIM_MISSING'],
    ['Bearer', { cnf: { 'x5t#S256': jkt } }, 'ERR_TOKEN_CERTIFICATE_ABSENT'],
    ['Bearer', { cnf: { jkt } }, 'ERR_TOKEN_CLAIM_MALFORMED'],
    ['refresh_token', {}, 'ERR_TOKEN_TYPE'],
    ['N_A', {}, 'ERR_TOKEN_TYPE'],
    [7, {}, 'ERR_TOKEN_CLAIM_MALFORMED'],
  ])('with the token_type %s and %j ends as %s [INT-11]', async (type, members, ending) => {
    expect(describeOutcome(await judge({ token_type: type, ...members }))).toBe(ending);
  });

  it.each([
    [{ token_use: 'refresh_token' }],
    [{ token_use: 'id' }],
    [{ typ: 'Refresh' }],
    [{ typ: 'Offline' }],
    [{ typ: 'ID' }],
    [{ token_type: 'refresh_token' }],
  ])('marked by %j is no access token, however active it is [INT-14]', async (marks) => {
    expect(await judge(marks)).toMatchObject({ error: { code: 'ERR_TOKEN_TYPE' }, response: { status: 401 } });
  });

  it.each([[{ token_use: 'access_token' }], [{ typ: 'Bearer' }], [{ token_use: 'access' }]])(
    'marked by %j is one',
    async (marks) => {
      expect(await judge(marks)).toMatchObject({ outcome: 'accepted' });
    },
  );
});

describe('an opaque token that is bound to a certificate', () => {
  it('works with that certificate, and with no other [INT-12]', async () => {
    await using guard = await startGuard();
    const [agent, other] = [1, 2].map(() => createTestAgent(guard.issuer, {}, { certificate: true }));
    const token = (await agent?.token()) ?? '';
    const present = async (clientCertificate: Uint8Array | undefined) => {
      const request = { ...requestWith(token), clientCertificate };
      return describeOutcome(await guard.verifier.check(request, { requirement: { senderConstraint: 'mtls' } }));
    };
    expect(await present(agent?.certificate.der)).toBe('accepted');
    expect(await present(other?.certificate.der)).toBe('ERR_TOKEN_CERTIFICATE_MISMATCH');
    expect(await present(undefined)).toBe('ERR_TOKEN_CERTIFICATE_ABSENT');
  });
});

describe('an opaque token goes', () => {
  it('to nobody where no issuer takes it', async () => {
    await using guard = await startGuard({ introspection: { opaqueTokens: 'refuse' } });
    expect(await guard.ask(guard.issuer.token())).toBe('ERR_TOKEN_MALFORMED');
    expect(guard.issuer.requests).toEqual([]);
  });

  it('to the one issuer whose prefix it has, and to no other', async () => {
    const [one, two] = await Promise.all(
      ['one', 'two'].map((name) =>
        createTestIssuer({
          audience: resource,
          tokenFormat: 'opaque',
          tokenPrefix: `${name}_`,
          resourceServer: { secrets: [`secret-${name}`] },
        }),
      ),
    );
    if (one === undefined || two === undefined) throw new Error('no issuers');
    atEnd(() => Promise.all([one.close(), two.close()]));
    await using verifier = createVerifier({
      resource,
      issuers: [
        { issuer: one.issuer, introspection: { ...one.introspection, tokenPrefix: 'one_' } },
        { issuer: two.issuer, introspection: { ...two.introspection, tokenPrefix: 'two_' } },
      ],
    });
    const judgeToken = async (token: string) => describeOutcome(await verifier.check(requestWith(token)));
    expect(await judgeToken(await one.token())).toBe('accepted');
    expect(two.requests).toEqual([]);
    expect(await judgeToken(await two.token())).toBe('accepted');
    const asked = [one.requests.length, two.requests.length];
    for (const token of ['three_token', 'one', 'ONE_token', 'x_one_']) {
      expect(await judgeToken(token)).toBe('ERR_TOKEN_MALFORMED');
    }
    expect([one.requests.length, two.requests.length]).toEqual(asked);
  });

  it('to the issuer, and a JWT does not, whatever is wrong with it', async () => {
    await using guard = await startGuard();
    for (const defect of ['tampered-signature', 'padded-base64', 'two-segments', 'duplicate-header'] as const) {
      expect(await guard.ask(guard.issuer.token({}, { format: 'jwt', defect }))).toMatch(
        /^ERR_TOKEN_(SIGNATURE|MALFORMED)$/,
      );
    }
    // Everything but the keys, which are needed to see that a signature is bad.
    expect(guard.questions).toBe(0);
  });

  it('nowhere else: an issuer is not asked about tokens that name another', async () => {
    await using guard = await startGuard();
    expect(await guard.ask(guard.issuer.token({ iss: 'https://other.example' }, { format: 'jwt' }))).toBe(
      'ERR_TOKEN_ISSUER',
    );
    expect(guard.issuer.requests).toEqual([]);
  });

  it('to its issuer when it is encrypted: nobody else can read it', async () => {
    const { url, received } = await serve(answerWith(describeToken()));
    const header = Buffer.from('{"alg":"dir","enc":"A256GCM"}').toString('base64url');
    expect(await guardAt(url)(`${header}..aXY.c2VjcmV0.dGFn`)).toMatchObject({ outcome: 'accepted' });
    expect(received).toHaveLength(1);
  });
});

describe('where an issuer is asked', () => {
  it('is found in its metadata', async () => {
    await using guard = await startGuard();
    expect(await guard.ask(guard.issuer.token())).toBe('accepted');
    expect(guard.issuer.requests.map(({ path }) => path)).toEqual([
      '/.well-known/oauth-authorization-server',
      '/introspect',
    ]);
  });

  it.each([
    ['is not there', undefined, 'ERR_INTROSPECTION_ENDPOINT'],
    ['is no URL', 'introspect', 'ERR_METADATA_INVALID'],
    ['is http elsewhere', 'http://as.example/introspect', 'ERR_METADATA_INVALID'],
  ])('is asked for nothing when the endpoint of the metadata %s [INT-10]', async (_what, endpoint, code) => {
    await using guard = await startGuard();
    guard.issuer.publishMetadata({ introspection_endpoint: endpoint });
    const outcome = await guard.check(await guard.issuer.token());
    expect(outcome).toMatchObject({ error: { code }, response: { status: 503 } });
    expect(guard.questions).toBe(0);
    await expect(guard.verifier.ready()).rejects.toMatchObject({ code: expect.stringMatching(/^ERR_/) });
  });

  it('is 503 while the metadata cannot be had, and heals', async () => {
    await using guard = await startGuard();
    guard.issuer.fail('metadata', 'server-error');
    expect(await guard.ask(guard.issuer.token())).toBe('ERR_METADATA_UNAVAILABLE');
    guard.issuer.heal();
    guard.clock.advance(60);
    expect(await guard.ask(guard.issuer.token())).toBe('accepted');
  });

  it('is ready without keys where all tokens of the issuer are opaque', async () => {
    await using guard = await startGuard();
    guard.issuer.publishMetadata({ jwks_uri: undefined });
    await expect(guard.verifier.ready()).resolves.toBeUndefined();
    expect(await guard.ask(guard.issuer.token())).toBe('accepted');
    expect(await guard.ask(guard.issuer.token({}, { format: 'jwt' }))).toBe('ERR_TOKEN_KEY');
  });
});

describe('verifiers that share an issuer', () => {
  it('share what it said, and its end', async () => {
    const issuer = await createTestIssuer({ audience: resource, tokenFormat: 'opaque' });
    atEnd(() => issuer.close());
    const shared = createIssuer({
      issuer: issuer.issuer,
      introspection: { ...issuer.introspection, cacheSeconds: 60 },
    });
    const verifiers = [1, 2].map(() => createVerifier({ resource, issuers: [shared] }));
    const token = await issuer.token();
    for (const verifier of verifiers) {
      expect(await verifier.check(requestWith(token))).toMatchObject({ outcome: 'accepted' });
    }
    expect(issuer.requests.filter(({ method }) => method === 'POST')).toHaveLength(1);
    shared.close();
    const [outcome] = await Promise.all(verifiers.map((verifier) => verifier.check(requestWith('another'))));
    expect(outcome).toMatchObject({ response: { status: 503 } });
    await Promise.all(verifiers.map((verifier) => verifier.close()));
  });

  it('cannot be made to share a secret with another issuer', () => {
    const shared = createIssuer({
      issuer: 'https://one.example',
      introspection: { clientAuthentication, opaqueTokens: 'refuse' },
    });
    const other = { issuer: 'https://two.example', introspection: { clientAuthentication } };
    expect(() => createVerifier({ resource, issuers: [shared, other] })).toThrow(
      expect.objectContaining({
        issues: [
          {
            path: 'issuers.1.introspection.clientAuthentication.clientSecret',
            message: expect.stringContaining('must not be shared'),
          },
        ],
      }),
    );
  });
});
