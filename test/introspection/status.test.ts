import { createVerifier, type HttpRequest, type Outcome } from '@gatehouse/core';
import { createTestAgent } from '@gatehouse/testing';
import { describe, expect, it } from 'vitest';
import { atEnd } from './endpoint.ts';
import { describeOutcome, type Guard, requestWith, resource, startGuard } from './guard.ts';

/** Two guards of one request. */
async function stack(guard: Guard, request: HttpRequest, ...ages: readonly (number | undefined)[]): Promise<string[]> {
  const outcomes: string[] = [];
  for (const maxStatusAgeSeconds of ages) {
    const requirement = maxStatusAgeSeconds === undefined ? {} : { maxStatusAgeSeconds };
    outcomes.push(describeOutcome(await guard.verifier.check(request, { requirement })));
  }
  return outcomes;
}

describe('an opaque token', () => {
  it('that is revoked works for no longer than its answer counts [REV-01]', async () => {
    await using guard = await startGuard({ introspection: { cacheSeconds: 10, inactiveSeconds: 5 } });
    const token = await guard.issuer.token();
    expect(await guard.ask(token)).toBe('accepted');
    guard.issuer.revoke(token);
    guard.clock.advance(9);
    expect(await guard.ask(token)).toBe('accepted');
    guard.clock.advance(1);
    expect(await guard.ask(token)).toBe('ERR_TOKEN_INACTIVE');
  });

  it('is asked about at every request where nothing is kept', async () => {
    await using guard = await startGuard();
    const token = await guard.issuer.token();
    expect([await guard.ask(token), await guard.ask(token), guard.questions]).toEqual(['accepted', 'accepted', 2]);
    guard.issuer.revoke(token);
    expect(await guard.ask(token)).toBe('ERR_TOKEN_INACTIVE');
  });

  it('is asked about again for a guard that demands a younger status, and not for another [INT-07]', async () => {
    await using guard = await startGuard({ introspection: { cacheSeconds: 60 } });
    const token = await guard.issuer.token();
    await guard.ask(token);
    guard.clock.advance(20);
    expect([await guard.ask(token, { maxStatusAgeSeconds: 30 }), guard.questions]).toEqual(['accepted', 1]);
    expect([await guard.ask(token, { maxStatusAgeSeconds: 10 }), guard.questions]).toEqual(['accepted', 2]);
    expect([await guard.ask(token, { maxStatusAgeSeconds: 0 }), guard.questions]).toEqual(['accepted', 3]);
    guard.issuer.revoke(token);
    expect(await guard.ask(token)).toBe('accepted');
    expect(await guard.ask(token, { maxStatusAgeSeconds: 0 })).toBe('ERR_TOKEN_INACTIVE');
    // What was learned for one guard is known to all.
    expect(await guard.ask(token)).toBe('ERR_TOKEN_INACTIVE');
  });

  it('is checked in full on each use of an answer that is kept [INT-05 INT-06]', async () => {
    await using guard = await startGuard({ introspection: { cacheSeconds: 3600 } });
    const { clock, issuer } = guard;
    const exp = clock.now() / 1000 + 60;
    const token = await issuer.token({ exp, scope: 'read:data' });
    expect(await guard.ask(token, 'read:data')).toBe('accepted');
    expect(await guard.ask(token, 'write:data')).toBe('ERR_SCOPE');
    clock.advance(64);
    expect(await guard.ask(token)).toBe('accepted');
    clock.advance(1);
    expect(await guard.ask(token)).toBe('ERR_TOKEN_EXPIRED');
  });

  it('is told from one that begins or ends alike [INT-07]', async () => {
    await using guard = await startGuard({ introspection: { cacheSeconds: 60 } });
    const token = await guard.issuer.token();
    expect(await guard.ask(token)).toBe('accepted');
    for (const other of [token.slice(0, -1), `${token}a`, token.toUpperCase()]) {
      expect(await guard.ask(other)).toBe('ERR_TOKEN_INACTIVE');
    }
  });

  it('says in the decision where its status is from, and how old that is', async () => {
    await using guard = await startGuard({ introspection: { cacheSeconds: 60 } });
    const token = await guard.issuer.token();
    await guard.ask(token);
    guard.clock.advance(7);
    await guard.ask(token);
    expect(guard.decisions.map(({ checks }) => checks)).toEqual([
      [{ check: 'status', source: 'introspection', ageSeconds: 0 }],
      [{ check: 'status', source: 'introspection-cache', ageSeconds: 7 }],
    ]);
  });
});

describe('guards that stack', () => {
  it('ask once where none demands more than the one before', async () => {
    await using guard = await startGuard();
    const request = requestWith(await guard.issuer.token());
    const ages = [0, 0, 30, undefined];
    expect(await stack(guard, request, ...ages)).toEqual(['accepted', 'accepted', 'accepted', 'accepted']);
    expect(guard.questions).toBe(1);
  });

  it('ask again where a later one demands more, and believe the answer', async () => {
    await using guard = await startGuard({ introspection: { cacheSeconds: 60 } });
    const token = await guard.issuer.token();
    await guard.ask(token);
    guard.clock.advance(20);
    const request = requestWith(token);
    expect(await stack(guard, request, undefined)).toEqual(['accepted']);
    guard.issuer.revoke(token);
    expect(await stack(guard, request, 10)).toEqual(['ERR_TOKEN_INACTIVE']);
    expect(guard.questions).toBe(2);
    expect(await stack(guard, request, undefined)).toEqual(['ERR_TOKEN_INACTIVE']);
  });

  it('never take the proof of the request for its own replay when they ask again', async () => {
    await using guard = await startGuard({ introspection: { cacheSeconds: 60 } });
    const agent = createTestAgent(guard.issuer, {}, { dpop: true });
    const target = { method: 'GET', url: 'https://api.example/' };
    const token = await agent.token();
    const send = async (): Promise<HttpRequest> => {
      const { authorization, dpop } = await agent.headers({ ...target, token });
      return { method: 'GET', target: '/', headers: { authorization: [authorization], dpop: [dpop] } };
    };
    expect(await stack(guard, await send(), undefined)).toEqual(['accepted']);
    guard.clock.advance(20);
    const request = await send();
    expect(await stack(guard, request, undefined, 0)).toEqual(['accepted', 'accepted']);
    expect(guard.questions).toBe(2);
    expect(guard.decisions.at(-1)?.checks).toEqual([
      { check: 'authentication', source: 'same-request', ageSeconds: 0 },
      { check: 'status', source: 'introspection', ageSeconds: 0 },
    ]);
  });

  it('refuse a token that its issuer binds to another key from one answer to the next', async () => {
    await using guard = await startGuard({ introspection: { cacheSeconds: 60 } });
    const token = await guard.issuer.token();
    await guard.ask(token);
    guard.clock.advance(20);
    const request = requestWith(token);
    expect(await stack(guard, request, undefined)).toEqual(['accepted']);
    guard.issuer.changeAnswer(token, { sub: 'somebody-else' });
    expect(await stack(guard, request, 0)).toEqual(['ERR_TOKEN_CONTRADICTED']);
    expect(guard.decisions.at(-1)?.reasons).toEqual(['sub']);
  });

  it('see what the issuer took away in the meantime', async () => {
    await using guard = await startGuard({ introspection: { cacheSeconds: 60 } });
    const token = await guard.issuer.token({ scope: 'read:data write:data' });
    await guard.ask(token);
    guard.clock.advance(20);
    const request = requestWith(token);
    const check = (requirement: object) => guard.verifier.check(request, { requirement }).then(describeOutcome);
    expect(await check({ scopes: ['write:data'] })).toBe('accepted');
    guard.issuer.changeAnswer(token, { scope: 'read:data' });
    expect(await check({ scopes: ['write:data'], maxStatusAgeSeconds: 0 })).toBe('ERR_SCOPE');
    expect(await check({ scopes: ['read:data'] })).toBe('accepted');
  });

  it('refuse before the proof is looked at, so that a refusal uses up nothing', async () => {
    await using guard = await startGuard();
    const agent = createTestAgent(guard.issuer, {}, { dpop: true });
    const { authorization, dpop } = await agent.headers({ method: 'GET', url: 'https://api.example/' });
    const send = () =>
      guard.verifier.check({ method: 'GET', target: '/', headers: { authorization: [authorization], dpop: [dpop] } });
    guard.issuer.fail('introspection', 'server-error');
    expect(describeOutcome(await send())).toBe('ERR_INTROSPECTION_STATUS');
    guard.issuer.heal();
    expect(describeOutcome(await send())).toBe('accepted');
    expect(describeOutcome(await send())).toBe('ERR_DPOP_REPLAYED');
  });
});

const revokeAlice = ({ verifier, issuer }: Guard) => verifier.revocations.revoke({ iss: issuer.issuer, sub: 'alice' });

describe('a JWT that was revoked here', () => {
  it('is refused before its issuer is asked, which may be out', async () => {
    await using guard = await startGuard({ issuer: { tokenFormat: 'jwt' }, issuerOptions: { recheckSeconds: 0 } });
    const [revoked, other] = [await guard.issuer.token({ sub: 'alice' }), await guard.issuer.token({ sub: 'bob' })];
    guard.clock.advance(5);
    await revokeAlice(guard);
    guard.issuer.fail('introspection', 'server-error');
    expect(await guard.ask(other)).toBe('ERR_INTROSPECTION_STATUS');
    expect(await guard.ask(revoked)).toBe('ERR_TOKEN_REVOKED');
    expect(guard.questions).toBe(1);
    guard.issuer.heal();
    expect(await guard.ask(other)).toBe('accepted');
  });
});

describe('an agent that is kept', () => {
  const agentOf = (outcome: Outcome) => (outcome.outcome === 'accepted' ? outcome.agent : expect.fail());

  it('is authorized by a status as young as is demanded, however long ago its request was', async () => {
    await using guard = await startGuard({ introspection: { cacheSeconds: 10 } });
    const token = await guard.issuer.token({ scope: 'read:data' });
    const agent = agentOf(await guard.check(token));
    const authorize = (requirement: object) => guard.verifier.authorize(agent, { requirement }).then(describeOutcome);
    guard.clock.advance(60);
    expect([await authorize({}), guard.questions]).toEqual(['accepted', 1]);
    expect([await authorize({ maxStatusAgeSeconds: 30 }), guard.questions]).toEqual(['accepted', 2]);
    expect(guard.decisions.at(-1)?.checks).toEqual([
      { check: 'authentication', source: 'same-request', ageSeconds: 60 },
      { check: 'status', source: 'introspection', ageSeconds: 0 },
    ]);
    guard.issuer.revoke(token);
    guard.clock.advance(60);
    expect(await authorize({ maxStatusAgeSeconds: 30 })).toBe('ERR_TOKEN_INACTIVE');
    expect(guard.decisions.at(-1)?.agent).toMatchObject({ sub: 'user-1' });
  });

  it('keeps no scope that the issuer took away', async () => {
    await using guard = await startGuard();
    const token = await guard.issuer.token({ scope: 'read:data write:data' });
    const agent = agentOf(await guard.check(token));
    guard.issuer.changeAnswer(token, { scope: 'read:data' });
    const requirement = { scopes: ['write:data'], maxStatusAgeSeconds: 0 };
    expect(describeOutcome(await guard.verifier.authorize(agent, { requirement }))).toBe('ERR_SCOPE');
    const outcome = await guard.verifier.authorize(agent, { requirement: { maxStatusAgeSeconds: 0 } });
    expect([...agentOf(outcome).scopes]).toEqual(['read:data']);
    expect(describeOutcome(await guard.verifier.authorize(agentOf(outcome), { requirement: 'read:data' }))).toBe(
      'accepted',
    );
  });

  it.each([
    ['revoked here', 'ERR_TOKEN_REVOKED', (guard: Guard) => revokeAlice(guard)],
    ['expired', 'ERR_TOKEN_EXPIRED', (guard: Guard) => guard.clock.advance(600)],
  ])('is refused once its token is %s, and nobody is asked, who may be out', async (_what, code, end) => {
    await using guard = await startGuard({ issuer: { tokenFormat: 'jwt' } });
    const { issuer, verifier, clock } = guard;
    const token = await issuer.token({ sub: 'alice', exp: clock.now() / 1000 + 600 });
    const kept = agentOf(await guard.check(token));
    issuer.fail('introspection', 'server-error');
    const authorize = () => verifier.authorize(kept, { requirement: { maxStatusAgeSeconds: 0 } }).then(describeOutcome);
    expect(await authorize()).toBe('ERR_INTROSPECTION_STATUS');
    clock.advance(5);
    await end(guard);
    const asked = guard.questions;
    expect(await authorize()).toBe(code);
    expect(guard.questions).toBe(asked);
  });

  it('is asked about at the issuer that its directory knows now, and is nobody once it knows none', async () => {
    await using guard = await startGuard({ issuer: { tokenFormat: 'jwt' } });
    const { issuer, clock } = guard;
    const refusing = { method: 'client_secret_post', clientId: 'api-1', clientSecret: 'not the secret' } as const;
    const wrong = { ...issuer.introspection, clientAuthentication: refusing };
    let answer: object | undefined = { issuer: issuer.issuer, introspection: wrong };
    const find = async () => answer as { issuer: string };
    const verifier = createVerifier({
      resource,
      issuers: { find, advertised: [issuer.issuer] },
      now: clock.now,
    });
    atEnd(() => verifier.close());
    const agent = agentOf(await verifier.check(requestWith(await issuer.token())));
    const authorize = () =>
      verifier.authorize(agent, { requirement: { maxStatusAgeSeconds: 0 } }).then(describeOutcome);
    expect(await authorize()).toBe('ERR_INTROSPECTION_REFUSED');
    answer = { issuer: issuer.issuer, introspection: issuer.introspection };
    clock.advance(60);
    expect(await authorize()).toBe('accepted');
    answer = undefined;
    clock.advance(60);
    expect(await authorize()).toBe('ERR_TOKEN_ISSUER');
  });
});
