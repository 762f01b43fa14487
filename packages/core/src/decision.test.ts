import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { answers } from './answers.ts';
import type { Decision } from './decision.ts';
import type { HttpRequest } from './http/request.ts';
import type { VerifierOptions } from './options.ts';
import { createVerifier } from './verifier.ts';

const now = 1_800_000_000;
const resource = 'https://api.example';
const issuer = 'https://as.example';
const [ours, stranger] = [await generateKeyPair('ES256'), await generateKeyPair('ES256')];
const jwks = { keys: [{ ...(await exportJWK(ours.publicKey)), kid: 'key-1' }] };

const makeToken = (claims: Record<string, unknown> = {}, { key = ours.privateKey, kid = 'key-1' } = {}) =>
  new SignJWT({ iss: issuer, aud: resource, sub: 'alice', client_id: 'assistant', jti: 'token-1', ...claims })
    .setIssuedAt(now - 10)
    .setExpirationTime(now + 300)
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid })
    .sign(key);

const makeRequest = (token?: string, headers: HttpRequest['headers'] = {}): HttpRequest => ({
  method: 'GET',
  target: '/data?access_token=canary&code=canary',
  headers: token === undefined ? headers : { ...headers, authorization: [`Bearer ${token}`] },
});

function watch(options: Partial<VerifierOptions> = {}) {
  const decisions: Decision[] = [];
  const onDecision = (decision: Decision) => void decisions.push(decision);
  const verifier = createVerifier({
    resource,
    issuers: [{ issuer, jwks }],
    now: () => now * 1000,
    onDecision,
    ...options,
  });
  return { verifier, decisions };
}

/** The decision about one request. */
async function decide(request: HttpRequest, guard?: Parameters<ReturnType<typeof createVerifier>['check']>[1]) {
  const { verifier, decisions } = watch();
  await verifier.check(request, guard);
  const [decision] = decisions;
  if (decision === undefined || decisions.length > 1) throw new Error('not one decision');
  return decision;
}

describe('a decision', () => {
  it('says who was let in, to what, through whom, and how that is known [LOG-03 OBO-01]', async () => {
    const token = await makeToken({ scope: 'read', act: { sub: 'bot' } });
    const guard = { requirement: { scopes: ['read'], action: 'list' }, route: '/data' };
    expect(await decide(makeRequest(token), guard)).toEqual({
      step: 'check',
      version: 1,
      time: '2027-01-15T08:00:00.000Z',
      requestId: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
      request: { method: 'GET', route: '/data', resource, action: 'list', scopes: ['read'] },
      outcome: 'accepted',
      reasons: [],
      policies: [],
      agent: {
        iss: issuer,
        sub: 'alice',
        subjectType: 'user',
        clientId: 'assistant',
        actor: { iss: issuer, sub: 'bot', source: 'act' },
        priorActors: [],
        scopes: ['read'],
        confirmation: 'none',
      },
      tokenHash: createHash('sha256').update(`["${issuer}","token-1"]`).digest('base64url'),
      checks: [{ check: 'signature', source: 'issuer-keys', ageSeconds: 0 }],
      durationMicroseconds: expect.any(Number),
    });
  });

  it('has no hash of a token that has no id', async () => {
    const { verifier, decisions } = watch({
      issuers: [{ issuer, jwks, tokenProfile: 'legacy', claims: { tokenId: [] } }],
    });
    await verifier.check(makeRequest(await makeToken({ scope: 'read', jti: undefined })));
    expect(decisions).toMatchObject([{ outcome: 'accepted', agent: { sub: 'alice' } }]);
    expect(decisions[0]).not.toHaveProperty('tokenHash');
  });

  it('says of an anonymous caller only that there was one', async () => {
    const decision = await decide(makeRequest(), { mode: 'optional' });
    expect(decision).toMatchObject({ outcome: 'anonymous', reasons: [], policies: [], checks: [] });
    for (const name of ['agent', 'tokenHash', 'unverified', 'refusal']) expect(decision).not.toHaveProperty(name);
  });

  it('names class, code and status of a refusal [LOG-04]', async () => {
    const decision = await decide(makeRequest());
    const refusal = { class: 'MissingTokenError', code: 'ERR_TOKEN_ABSENT', status: 401 };
    expect(decision).toMatchObject({ outcome: 'refused', refusal });
    expect(decision).not.toHaveProperty('unverified');
  });

  it('names the missing scopes, and the agent that lacks them [LOG-04]', async () => {
    const decision = await decide(makeRequest(await makeToken({ scope: 'b' })), { requirement: ['a', 'b', 'c'] });
    const refusal = { class: 'InsufficientScopeError', code: 'ERR_SCOPE', status: 403 };
    expect(decision).toMatchObject({ refusal, reasons: ['a', 'c'], agent: { sub: 'alice' } });
    expect(decision).not.toHaveProperty('unverified');
  });

  it.each([
    [true, 'accepted'],
    [false, 'refused'],
  ])('keeps what allow gave as reasons and policies, whether it is %s', async (allow, outcome) => {
    const verdict = { allow, reasons: ['not on a Sunday'], policies: ['calendar-1'] };
    const decision = await decide(makeRequest(await makeToken()), { requirement: { allow: () => verdict } });
    expect(decision).toMatchObject({ outcome, reasons: verdict.reasons, policies: verdict.policies });
  });

  it('holds no token and no query [LOG-01 LOG-06]', async () => {
    const [good, forged] = [await makeToken(), await makeToken({}, { key: stranger.privateKey })];
    for (const token of [good, forged]) {
      const written = JSON.stringify(await decide(makeRequest(token, { cookie: ['canary'], dpop: ['canary'] })));
      for (const part of ['canary', ...token.split('.')]) expect(written).not.toContain(part);
    }
  });

  it.each([
    ['00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', '4bf92f3577b34da6a3ce929d0e0e4736'],
    ['cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-later', '4bf92f3577b34da6a3ce929d0e0e4736'],
    ['00-00000000000000000000000000000000-00f067aa0ba902b7-01', undefined],
    ['00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01', undefined],
    ['00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01', undefined],
    ['4bf92f3577b34da6a3ce929d0e0e4736', undefined],
    ['00-4bf92f3577b34da6a3ce929d0e0e4736\r\nFAKE', undefined],
  ])('takes from the traceparent %j the trace %s [LOG-02]', async (traceparent, traceId) => {
    expect((await decide(makeRequest(undefined, { traceparent: [traceparent] }))).traceId).toBe(traceId);
    expect((await decide(makeRequest(undefined, { traceparent: [traceparent, traceparent] }))).traceId).toBe(undefined);
  });

  it.each([
    ['version ff', 'ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'],
    ['a parent of zeros', '00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01'],
    ['more than version 00 has', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-later'],
  ])('ignores a traceparent with %s (W3C Trace Context §3.2.2)', async (_, traceparent) => {
    expect((await decide(makeRequest(undefined, { traceparent: [traceparent] }))).traceId).toBeUndefined();
  });
});

describe('what an unverified token says', () => {
  const forge = async (claims: Record<string, unknown>, kid = 'key-1') =>
    decide(makeRequest(await makeToken(claims, { key: stranger.privateKey, kid })));

  it('stands under unverified, and nowhere else [LOG-05]', async () => {
    const decision = await forge({ sub: 'admin', email: 'canary', act: { sub: 'canary' } });
    expect(decision.unverified).toEqual({ iss: issuer, sub: 'admin', client_id: 'assistant', kid: 'key-1' });
    for (const name of ['agent', 'tokenHash']) expect(decision).not.toHaveProperty(name);
    expect(JSON.stringify({ ...decision, unverified: undefined })).not.toMatch(/admin|canary/);
  });

  it('is cut at 128 characters [LOG-05]', async () => {
    expect((await forge({ sub: 'a'.repeat(128) })).unverified?.sub).toBe('a'.repeat(128));
    expect((await forge({ sub: `${'a'.repeat(128)}b` })).unverified?.sub).toBe('a'.repeat(128));
    expect((await forge({ sub: `${'a'.repeat(127)}\u{1F600}` })).unverified?.sub).toBe(`${'a'.repeat(127)}?`);
    expect((await forge({ sub: 'a', iss: 'x'.repeat(5000) })).unverified?.iss).toHaveLength(128);
  });

  it.each([
    ['a line break', 'a\r\nFAKE', 'a??FAKE'],
    ['an escape sequence', 'a\x1b[2Jb', 'a?[2Jb'],
    ['a NUL', 'a\0b', 'a?b'],
    ['a C1 control', 'a\x9bb', 'a?b'],
    ['a DEL', 'a\x7fb', 'a?b'],
    ['line and paragraph separators', 'a\u2028b\u2029c', 'a?b?c'],
    ['an override of the writing direction', 'a\u202Eb', 'a?b'],
    ['a zero-width space', 'a\u200Bb', 'a?b'],
    ['a lone surrogate', 'a\uD800b', 'a?b'],
  ])('loses %s, and keeps the rest [LOG-02]', async (_, sub, harmless) => {
    expect((await forge({ sub }, `${sub}\u00E9\u{1F600}`)).unverified).toMatchObject({
      sub: harmless,
      kid: `${harmless}\u00E9\u{1F600}`,
    });
  });

  it('is left out where it is no string', async () => {
    const decision = await forge({ sub: { toString: 'canary' }, client_id: ['canary'], iss: 7 });
    expect(decision.unverified).toEqual({ kid: 'key-1' });
  });
});

describe('decisions', () => {
  it('share a requestId where they are about one request, and only there', async () => {
    const { verifier, decisions } = watch();
    const request = makeRequest(await makeToken({ scope: 'read' }));
    const outcome = await verifier.authenticate(request);
    if (outcome.outcome === 'accepted') await verifier.authorize(outcome.agent, { requirement: 'read' });
    await verifier.check(request, { requirement: 'write' });
    await verifier.check({ ...request });
    const ids = decisions.map(({ requestId }) => requestId);
    expect(decisions.map(({ outcome: ended }) => ended)).toEqual(['accepted', 'accepted', 'refused', 'accepted']);
    expect(new Set(ids.slice(0, 3)).size).toBe(1);
    expect(ids[3]).not.toBe(ids[0]);
    expect(decisions.map(({ checks: [check] }) => check?.source)).toEqual([
      'issuer-keys',
      'same-request',
      'same-request',
      'token-cache',
    ]);
  });

  it('are built only where someone listens', async () => {
    const reads: string[] = [];
    const traceparent = { get: () => reads.push('traceparent') && undefined };
    const request: HttpRequest = { method: 'GET', target: '/', headers: Object.defineProperties({}, { traceparent }) };
    await watch({ onDecision: undefined }).verifier.check(request);
    expect(reads).toHaveLength(0);
    await watch().verifier.check(request);
    expect(reads).toHaveLength(1);
  });

  it('that cannot be recorded serve no request: what the listener throws passes through', async () => {
    const full = new Error('disk full');
    const onDecision = () => {
      throw full;
    };
    const request = makeRequest(await makeToken());
    await expect(watch({ onDecision }).verifier.check(request)).rejects.toBe(full);
    await expect(watch().verifier.check(request)).resolves.toMatchObject({ outcome: 'accepted' });
  });
});

describe('decision.schema.json', () => {
  const { properties } = JSON.parse(readFileSync(new URL('../decision.schema.json', import.meta.url), 'utf8'));
  const classes = Object.values(answers);

  it('names the classes, codes and statuses of the answers', () => {
    expect(properties.refusal.properties.class.enum).toEqual(Object.keys(answers));
    expect(properties.refusal.properties.code.enum).toEqual(classes.flatMap(({ codes }) => Object.keys(codes)));
    expect(new Set(properties.refusal.properties.status.enum)).toEqual(new Set(classes.map(({ status }) => status)));
  });
});
