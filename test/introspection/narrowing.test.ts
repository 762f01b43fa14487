import { createVerifier } from '@gatehouse/core';
import { createTestAgent } from '@gatehouse/testing';
import { describe, expect, it } from 'vitest';
import { type Guard, requestWith, resource, startGuard } from './guard.ts';

/** A guard whose issuer gives JWTs, and is asked about each of them. */
const startRecheck = (recheckSeconds?: number): Promise<Guard> =>
  startGuard({ issuer: { tokenFormat: 'jwt' }, issuerOptions: { recheckSeconds } });

describe('a JWT whose issuer is asked about it', () => {
  it('is accepted as long as it is active', async () => {
    await using guard = await startRecheck(0);
    const token = await guard.issuer.token({ scope: 'read:data' });
    expect(await guard.ask(token, 'read:data')).toBe('accepted');
    expect(guard.decisions.at(-1)?.checks).toMatchObject([
      { check: 'signature', source: 'issuer-keys' },
      { check: 'status', source: 'introspection' },
    ]);
    guard.issuer.revoke(token);
    expect(await guard.ask(token, 'read:data')).toBe('ERR_TOKEN_INACTIVE');
  });

  it('is asked about when it was issued long enough ago, and again after as long', async () => {
    await using guard = await startRecheck(60);
    const token = await guard.issuer.token();
    const questionsAfter = async (seconds: number) => {
      guard.clock.advance(seconds);
      expect(await guard.ask(token)).toBe('accepted');
      return guard.questions;
    };
    expect(await questionsAfter(0)).toBe(0);
    expect(await questionsAfter(59)).toBe(0);
    expect(await questionsAfter(1)).toBe(1);
    expect(await questionsAfter(59)).toBe(1);
    expect(await questionsAfter(1)).toBe(2);
  });

  it('is refused by every guard that minds, once one of them has learned that it was revoked [REV-01]', async () => {
    await using guard = await startGuard({ issuer: { tokenFormat: 'jwt' }, introspection: { cacheSeconds: 10 } });
    const [revoked, other] = [await guard.issuer.token(), await guard.issuer.token()];
    guard.issuer.revoke(revoked);
    for (const [token, answer] of [
      [revoked, 'ERR_TOKEN_INACTIVE'],
      [other, 'accepted'],
    ] as const) {
      expect(await guard.ask(token, { maxStatusAgeSeconds: 0 })).toBe(answer);
      guard.clock.advance(10);
      expect(await guard.ask(token, { maxStatusAgeSeconds: 60 })).toBe(answer);
    }
    expect(guard.questions).toBe(3);
  });

  it('is refused before anybody is asked, where its own claims or its signature are bad', async () => {
    await using guard = await startRecheck(0);
    for (const defect of ['expired', 'foreign-audience', 'foreign-key', 'padded-base64', 'two-segments'] as const) {
      expect(await guard.ask(guard.issuer.token({}, { defect }))).not.toBe('accepted');
    }
    expect(guard.questions).toBe(0);
  });

  it.each([
    ['iss', { iss: 'https://other.example' }, ['iss']],
    ['sub', { sub: 'somebody-else' }, ['sub']],
    ['jti', { jti: 'another' }, ['tokenId']],
    ['client_id', { client_id: 'another' }, ['clientId']],
    ['cnf', { cnf: { jkt: 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs' }, token_type: 'DPoP' }, ['confirmation']],
    ['several members', { sub: 'somebody-else', client_id: 'another' }, ['sub', 'clientId']],
  ])('is refused when the answer differs in %s [INT-05]', async (_what, members, reasons) => {
    await using guard = await startRecheck(0);
    const token = await guard.issuer.token();
    expect(await guard.ask(token)).toBe('accepted');
    guard.issuer.changeAnswer(token, members);
    expect(await guard.ask(token)).toBe('ERR_TOKEN_CONTRADICTED');
    expect(guard.decisions.at(-1)?.reasons).toEqual(reasons);
  });

  it.each([
    ['aud of another API', { aud: 'https://other.example' }, 'ERR_TOKEN_AUDIENCE'],
    ['exp in the past', { exp: 1 }, 'ERR_TOKEN_EXPIRED'],
    ['nbf in the future', { nbf: 99_999_999_999 }, 'ERR_TOKEN_NOT_YET_VALID'],
    ['token_type of a refresh token', { token_type: 'refresh_token' }, 'ERR_TOKEN_TYPE'],
    ['token_type DPoP for a bearer token', { token_type: 'DPoP' }, 'ERR_TOKEN_CLAIM_MISSING'],
    ['sub that is no string', { sub: 7 }, 'ERR_TOKEN_CLAIM_MALFORMED'],
    ['exp that is no time', { exp: 'tomorrow' }, 'ERR_TOKEN_CLAIM_MALFORMED'],
    ['cnf that is no object', { cnf: 'key' }, 'ERR_TOKEN_CLAIM_MALFORMED'],
    ['scope that is a list', { scope: ['read:data'] }, 'ERR_TOKEN_CLAIM_MALFORMED'],
  ])('is refused for the %s of the answer [INT-05]', async (_what, members, code) => {
    await using guard = await startRecheck(0);
    const token = await guard.issuer.token();
    expect(await guard.ask(token)).toBe('accepted');
    guard.issuer.changeAnswer(token, members);
    expect(await guard.ask(token)).toBe(code);
  });

  it('has the scopes that both name', async () => {
    await using guard = await startRecheck(0);
    const token = await guard.issuer.token({ scope: 'read:data write:data' });
    guard.issuer.changeAnswer(token, { scope: 'admin read:data' });
    expect(await guard.ask(token, 'read:data')).toBe('accepted');
    expect(guard.decisions.at(-1)?.agent?.scopes).toEqual(['read:data']);
    expect(await guard.ask(token, 'write:data')).toBe('ERR_SCOPE');
    expect(await guard.ask(token, 'admin')).toBe('ERR_SCOPE');
    guard.issuer.changeAnswer(token, { scope: '' });
    expect(await guard.ask(token, 'read:data')).toBe('ERR_SCOPE');
    guard.issuer.changeAnswer(token, { scope: undefined });
    expect(await guard.ask(token, 'write:data')).toBe('accepted');
  });

  it('ends when the first of both ends', async () => {
    await using guard = await startRecheck(0);
    const { clock, issuer } = guard;
    const now = clock.now() / 1000;
    const sooner = await issuer.token({ exp: now + 100 });
    const later = await issuer.token({ exp: now + 100 });
    issuer.changeAnswer(sooner, { exp: now + 50 });
    issuer.changeAnswer(later, { exp: now + 500 });
    const endOf = async (token: string) => {
      const outcome = await guard.check(token);
      return outcome.outcome === 'accepted' ? outcome.agent.expiresAt.getTime() / 1000 - now : outcome.outcome;
    };
    expect([await endOf(sooner), await endOf(later)]).toEqual([50, 100]);
    clock.advance(60);
    expect([await guard.ask(sooner), await guard.ask(later)]).toEqual(['ERR_TOKEN_EXPIRED', 'accepted']);
  });

  it('stays what it is where the answer says nothing more than that it is active', async () => {
    await using guard = await startRecheck(0);
    const agent = createTestAgent(guard.issuer, { scope: 'read:data', act: { sub: 'agent-1' } }, { dpop: true });
    const token = await agent.token();
    const names = ['iss', 'sub', 'aud', 'client_id', 'jti', 'iat', 'exp', 'cnf', 'scope', 'act'];
    guard.issuer.changeAnswer(token, Object.fromEntries(names.map((name) => [name, undefined])));
    const { authorization, dpop } = await agent.headers({ method: 'GET', url: `${resource}/`, token });
    const headers = { authorization: [authorization], dpop: [dpop] };
    const outcome = await guard.verifier.check({ method: 'GET', target: '/', headers }, { requirement: 'read:data' });
    expect(outcome).toMatchObject({
      outcome: 'accepted',
      agent: {
        sub: 'user-1',
        actor: { sub: 'agent-1' },
        confirmation: { method: 'dpop', jkt: await agent.thumbprint() },
      },
    });
    expect(await guard.ask(token)).toBe('ERR_TOKEN_BOUND');
  });

  it('gains nothing that only the answer has', async () => {
    await using guard = await startRecheck(0);
    const token = await guard.issuer.token({ scope: 'read:data' });
    guard.issuer.changeAnswer(token, { act: { sub: 'agent-1' }, scope: 'read:data admin', email: 'alice@example.com' });
    const outcome = await guard.check(token);
    expect(outcome).toMatchObject({
      outcome: 'accepted',
      agent: { actor: { sub: 'client-1', source: 'client' }, act: undefined },
    });
    expect(outcome.outcome === 'accepted' && 'email' in outcome.agent.claims).toBe(false);
  });
});

describe('an issuer that cannot be reached', () => {
  it('stops nobody who need not be asked about [INT-09]', async () => {
    await using guard = await startGuard({ issuer: { tokenFormat: 'jwt' }, issuerOptions: { recheckSeconds: 60 } });
    const token = await guard.issuer.token();
    expect(await guard.ask(token)).toBe('accepted');
    guard.issuer.fail('introspection', 'server-error');
    expect(await guard.ask(token)).toBe('accepted');
    expect(await guard.ask(token, { maxStatusAgeSeconds: 0 })).toBe('ERR_INTROSPECTION_STATUS');
    expect(await guard.ask(token)).toBe('accepted');
    guard.clock.advance(60);
    expect(await guard.ask(token)).toBe('ERR_INTROSPECTION_STATUS');
    guard.issuer.heal();
    expect(await guard.ask(token)).toBe('accepted');
  });
});

describe('a guard that demands a status', () => {
  it('has JWTs asked about that would not be otherwise', async () => {
    await using guard = await startGuard({ issuer: { tokenFormat: 'jwt' } });
    const token = await guard.issuer.token();
    guard.clock.advance(20);
    expect([await guard.ask(token), guard.questions]).toEqual(['accepted', 0]);
    expect([await guard.ask(token, { maxStatusAgeSeconds: 30 }), guard.questions]).toEqual(['accepted', 0]);
    expect([await guard.ask(token, { maxStatusAgeSeconds: 10 }), guard.questions]).toEqual(['accepted', 1]);
    guard.issuer.revoke(token);
    expect(await guard.ask(token, { maxStatusAgeSeconds: 0 })).toBe('ERR_TOKEN_INACTIVE');
    expect(await guard.ask(token)).toBe('accepted');
  });

  it('takes no token of an issuer that cannot be asked', async () => {
    await using guard = await startGuard();
    await using other = await startGuard({ issuer: { tokenFormat: 'jwt' } });
    await using verifier = createVerifier({
      resource,
      issuers: [{ issuer: guard.issuer.issuer, introspection: guard.issuer.introspection }, other.issuer.issuer],
    });
    const token = await other.issuer.token();
    expect(await verifier.check(requestWith(token))).toMatchObject({ outcome: 'accepted' });
    const outcome = await verifier.check(requestWith(token), { requirement: { maxStatusAgeSeconds: 60 } });
    expect(outcome).toMatchObject({ error: { code: 'ERR_TOKEN_STATUS' }, response: { status: 401 } });
  });
});
