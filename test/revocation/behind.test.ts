import {
  createRevocationList,
  createVerifier,
  type HttpRequest,
  type IssuerOptions,
  type Outcome,
  type ReplayStore,
  type RevocationList,
  UnavailableError,
} from '@gatehouse/core';
import { createTestAgent, type TestIssuerOptions } from '@gatehouse/testing';
import { describe, expect, it } from 'vitest';
import { describeOutcome, type Guard, requestWith, resource, startGuard } from '../introspection/guard.ts';

interface FallibleList extends RevocationList {
  isBehind: boolean;
}

/** A list that may be behind, as those are that learn from other processes: what it has, it tells all the same. */
function makeList(now: () => number): FallibleList {
  const held = createRevocationList({ now });
  const list: FallibleList = {
    ...held,
    isBehind: false,
    find(token) {
      const found = held.find(token);
      if (found === undefined && list.isBehind) throw new UnavailableError('ERR_REVOCATIONS_BEHIND', 1);
      return found;
    },
    health: () => ({ ...held.health(), state: list.isBehind ? 'behind' : 'current' }),
  };
  return list;
}

interface DoubtfulGuard extends Guard {
  readonly list: FallibleList;
}

type Introspection = Partial<NonNullable<IssuerOptions['introspection']>>;

async function startDoubtful(
  changes: {
    readonly tokenFormat?: TestIssuerOptions['tokenFormat'];
    readonly introspection?: Introspection;
    readonly issuerOptions?: Partial<IssuerOptions>;
  } = {},
): Promise<DoubtfulGuard> {
  const { tokenFormat = 'jwt', introspection, issuerOptions = {} } = changes;
  let seconds = () => 0;
  const list = makeList(() => seconds());
  const guard = await startGuard({
    issuer: { tokenFormat },
    introspection: { whenBehind: 'ask', ...introspection },
    issuerOptions,
    options: { stores: { revocations: list } },
  });
  seconds = guard.clock.now;
  // A getter of `guard` would be copied by its value.
  return Object.assign(guard, { list });
}

const agentOf = (outcome: Outcome) => (outcome.outcome === 'accepted' ? outcome.agent : expect.fail());
const revokeAlice = ({ verifier, issuer }: Guard) => verifier.revocations.revoke({ iss: issuer.issuer, sub: 'alice' });
const stack = async ({ verifier }: Guard, request: HttpRequest, ages: readonly (number | undefined)[]) => {
  const outcomes: string[] = [];
  for (const age of ages) {
    const requirement = age === undefined ? {} : { maxStatusAgeSeconds: age };
    outcomes.push(describeOutcome(await verifier.check(request, { requirement })));
  }
  return outcomes;
};

describe.each(['jwt', 'opaque'] as const)('while the revocation list is behind, a token (%s)', (tokenFormat) => {
  it('is answered with 503, unless its issuer is to be asked in place of the list', async () => {
    await using refusing = await startDoubtful({ tokenFormat, introspection: { whenBehind: 'refuse' } });
    await using asking = await startDoubtful({ tokenFormat });
    for (const guard of [refusing, asking]) {
      const token = await guard.issuer.token();
      expect(await guard.ask(token)).toBe('accepted');
      guard.list.isBehind = true;
      const code = guard === asking ? 'accepted' : 'ERR_REVOCATIONS_BEHIND';
      expect(await guard.ask(token)).toBe(code);
      expect(guard.verifier.health().revocations.state).toBe('behind');
      guard.list.isBehind = false;
      expect(await guard.ask(token)).toBe('accepted');
    }
  });

  it('passes by the word of its issuer, and is refused with 401 when that says that it is not active [REV-01]', async () => {
    await using guard = await startDoubtful({ tokenFormat });
    const [revoked, other] = [await guard.issuer.token(), await guard.issuer.token()];
    guard.list.isBehind = true;
    expect([await guard.ask(revoked), await guard.ask(other)]).toEqual(['accepted', 'accepted']);
    guard.issuer.revoke(revoked);
    expect([await guard.ask(revoked), await guard.ask(other)]).toEqual(['ERR_TOKEN_INACTIVE', 'accepted']);
    expect((await guard.check(revoked)).outcome).toBe('refused');
    expect(guard.decisions.at(-1)?.refusal?.status).toBe(401);
  });

  it('is refused by what the list has, and nobody is asked', async () => {
    await using guard = await startDoubtful({ tokenFormat, introspection: { cacheSeconds: 3600 } });
    const token = await guard.issuer.token({ sub: 'alice' });
    guard.list.isBehind = true;
    expect(await guard.ask(token)).toBe('accepted');
    await revokeAlice(guard);
    const asked = guard.questions;
    expect([await guard.ask(token), guard.questions]).toEqual(['ERR_TOKEN_REVOKED', asked]);
  });

  it('is answered with 503 while its issuer cannot tell', async () => {
    await using guard = await startDoubtful({ tokenFormat });
    const token = await guard.issuer.token();
    await guard.ask(token);
    guard.list.isBehind = true;
    guard.issuer.fail('introspection', 'server-error');
    const outcome = await guard.check(token);
    expect(outcome).toMatchObject({ error: { code: 'ERR_INTROSPECTION_STATUS' }, response: { status: 503 } });
    guard.issuer.heal();
    expect(await guard.ask(token)).toBe('accepted');
  });

  it('passes by an answer as old as cacheSeconds, and no older', async () => {
    await using guard = await startDoubtful({ tokenFormat, introspection: { cacheSeconds: 10 } });
    const token = await guard.issuer.token();
    guard.list.isBehind = true;
    await guard.ask(token);
    guard.issuer.revoke(token);
    guard.clock.advance(9);
    expect([await guard.ask(token), guard.questions]).toEqual(['accepted', 1]);
    expect(await guard.ask(token, { maxStatusAgeSeconds: 30 })).toBe('accepted');
    guard.clock.advance(1);
    expect([await guard.ask(token), guard.questions]).toEqual(['ERR_TOKEN_INACTIVE', 2]);
  });

  it('passes by a younger one where a guard demands it', async () => {
    await using guard = await startDoubtful({ tokenFormat, introspection: { cacheSeconds: 10 } });
    const token = await guard.issuer.token();
    guard.list.isBehind = true;
    await guard.ask(token);
    guard.issuer.revoke(token);
    guard.clock.advance(5);
    expect(await guard.ask(token, { maxStatusAgeSeconds: 5 })).toBe('ERR_TOKEN_INACTIVE');
  });

  it('costs one question for a request, however many guards it has, and one more for a stricter one', async () => {
    await using guard = await startDoubtful({ tokenFormat, introspection: { cacheSeconds: 5 } });
    guard.list.isBehind = true;
    const request = requestWith(await guard.issuer.token());
    expect(await stack(guard, request, [undefined, undefined, 7])).toEqual(['accepted', 'accepted', 'accepted']);
    expect(guard.questions).toBe(1);
    expect(await stack(guard, request, [0, 0])).toEqual(['accepted', 'accepted']);
    expect(guard.questions).toBe(2);
  });

  it('is asked about again when its request lasts longer than an answer counts', async () => {
    await using guard = await startDoubtful({ tokenFormat, introspection: { cacheSeconds: 10 } });
    const token = await guard.issuer.token();
    const request = requestWith(token);
    guard.list.isBehind = true;
    expect(await stack(guard, request, [undefined])).toEqual(['accepted']);
    guard.clock.advance(9);
    expect([await stack(guard, request, [undefined]), guard.questions]).toEqual([['accepted'], 1]);
    guard.clock.advance(1);
    expect([await stack(guard, request, [undefined]), guard.questions]).toEqual([['accepted'], 2]);
    guard.issuer.revoke(token);
    guard.clock.advance(10);
    expect(await stack(guard, request, [undefined])).toEqual(['ERR_TOKEN_INACTIVE']);
  });

  it('has a decision that says whose word it was, and how old', async () => {
    await using guard = await startDoubtful({ tokenFormat, introspection: { cacheSeconds: 10 } });
    const token = await guard.issuer.token();
    await guard.ask(token);
    expect(guard.decisions.at(-1)?.checks.map(({ check }) => check)).not.toContain('revocation');
    guard.list.isBehind = true;
    await guard.ask(token);
    guard.clock.advance(3);
    await stack(guard, requestWith(token), [undefined, undefined]);
    const [, , first, second] = guard.decisions;
    const revocation = { check: 'revocation', source: 'introspection-cache', ageSeconds: 3 };
    expect(first?.checks).toContainEqual(revocation);
    expect(first?.checks).toContainEqual({ ...revocation, check: 'status' });
    expect(second?.checks).toEqual([{ check: 'authentication', source: 'same-request', ageSeconds: 0 }, revocation]);
  });

  it('is asked about when its agent is kept: its request was before', async () => {
    await using guard = await startDoubtful({ tokenFormat, introspection: { cacheSeconds: 10 } });
    const token = await guard.issuer.token({ scope: 'read:data' });
    const agent = agentOf(await guard.check(token));
    const authorize = (requirement: object = {}) =>
      guard.verifier.authorize(agent, { requirement }).then(describeOutcome);
    guard.clock.advance(60);
    const before = guard.questions;
    expect([await authorize(), guard.questions]).toEqual(['accepted', before]);
    guard.list.isBehind = true;
    expect([await authorize(), guard.questions]).toEqual(['accepted', before + 1]);
    expect(guard.decisions.at(-1)?.checks).toContainEqual({
      check: 'revocation',
      source: 'introspection',
      ageSeconds: 0,
    });
    expect([await authorize({ maxStatusAgeSeconds: 0 }), guard.questions]).toEqual(['accepted', before + 2]);
    guard.issuer.revoke(token);
    guard.clock.advance(10);
    expect(await authorize()).toBe('ERR_TOKEN_INACTIVE');
    guard.list.isBehind = false;
    guard.clock.advance(10);
    // The list knows of nothing: what its issuer said counts where it is asked.
    expect(await authorize()).toBe('accepted');
  });

  it('is asked about each time that its agent is used again, where no answer counts for later', async () => {
    await using guard = await startDoubtful({ tokenFormat, introspection: { cacheSeconds: 0 } });
    guard.list.isBehind = true;
    const agent = agentOf(await guard.check(await guard.issuer.token()));
    expect([describeOutcome(await guard.verifier.authorize(agent)), guard.questions]).toEqual(['accepted', 2]);
  });

  it('with a key uses up no proof when its issuer cannot tell, and is asked about once', async () => {
    await using guard = await startDoubtful({ tokenFormat });
    const agent = createTestAgent(guard.issuer, {}, { dpop: true });
    const { authorization, dpop } = await agent.headers({ method: 'GET', url: 'https://api.example/' });
    const send = async () => {
      const headers = { authorization: [authorization], dpop: [dpop] };
      return describeOutcome(await guard.verifier.check({ method: 'GET', target: '/', headers }));
    };
    guard.list.isBehind = true;
    guard.issuer.fail('introspection', 'server-error');
    expect(await send()).toBe('ERR_INTROSPECTION_STATUS');
    guard.issuer.heal();
    const before = guard.questions;
    expect([await send(), guard.questions]).toEqual(['accepted', before + 1]);
    expect(await send()).toBe('ERR_DPOP_REPLAYED');
  });

  it('is refused when it is revoked while its issuer answers', async () => {
    await using guard = await startDoubtful({ tokenFormat, introspection: { cacheSeconds: 10 } });
    const token = await guard.issuer.token({ sub: 'alice' });
    guard.list.isBehind = true;
    expect(await guard.ask(token)).toBe('accepted');
    const pending = guard.ask(token, { maxStatusAgeSeconds: 0 });
    await revokeAlice(guard);
    expect(await pending).toBe('ERR_TOKEN_REVOKED');
    expect(guard.questions).toBe(2);
  });

  it.each(['ask', 'refuse'] as const)(
    'whose proof was being checked when the list fell behind passes by the word of its issuer alone: %s',
    async (whenBehind) => {
      await using guard = await startDoubtful({ tokenFormat, introspection: { whenBehind } });
      const { list } = guard;
      const replay: ReplayStore = {
        async record() {
          list.isBehind = true;
          return 'fresh' as const;
        },
      };
      const introspection = { ...guard.issuer.introspection, whenBehind, cacheSeconds: 0 };
      const verifier = createVerifier({
        resource,
        issuers: [{ issuer: guard.issuer.issuer, introspection }],
        stores: { revocations: list, replay },
        now: guard.clock.now,
      });
      const agent = createTestAgent(guard.issuer, {}, { dpop: true });
      const { authorization, dpop } = await agent.headers({ method: 'GET', url: 'https://api.example/' });
      const headers = { authorization: [authorization], dpop: [dpop] };
      const outcome = await verifier.check({ method: 'GET', target: '/', headers });
      expect(describeOutcome(outcome)).toBe(whenBehind === 'ask' ? 'accepted' : 'ERR_REVOCATIONS_BEHIND');
      expect(guard.questions).toBe(tokenFormat === 'opaque' || whenBehind === 'ask' ? 1 : 0);
      await verifier.close();
    },
  );
});

describe('a JWT, while the revocation list is behind,', () => {
  it('does not pass for being young', async () => {
    await using guard = await startDoubtful({
      introspection: { cacheSeconds: 10 },
      issuerOptions: { recheckSeconds: 60 },
    });
    const token = await guard.issuer.token();
    expect([await guard.ask(token), guard.questions]).toEqual(['accepted', 0]);
    guard.issuer.revoke(token);
    guard.list.isBehind = true;
    expect([await guard.ask(token), guard.questions]).toEqual(['ERR_TOKEN_INACTIVE', 1]);
  });

  it('is asked about as often as its issuer wants, and once for a request', async () => {
    await using guard = await startDoubtful({
      introspection: { cacheSeconds: 0 },
      issuerOptions: { recheckSeconds: 0 },
    });
    guard.list.isBehind = true;
    const token = await guard.issuer.token();
    expect([await guard.ask(token), guard.questions]).toEqual(['accepted', 1]);
    expect([await guard.ask(token), guard.questions]).toEqual(['accepted', 2]);
  });

  it('keeps no scope that its issuer took away', async () => {
    await using guard = await startDoubtful();
    const token = await guard.issuer.token({ scope: 'read:data write:data' });
    guard.list.isBehind = true;
    expect(await guard.ask(token, 'write:data')).toBe('accepted');
    guard.issuer.changeAnswer(token, { scope: 'read:data' });
    expect(await guard.ask(token, 'write:data')).toBe('ERR_SCOPE');
    expect(await guard.ask(token, 'read:data')).toBe('accepted');
  });

  it('is answered with 503 where its own issuer cannot be asked, whatever others can', async () => {
    await using guard = await startDoubtful();
    await using foreign = await startGuard({ issuer: { tokenFormat: 'jwt' } });
    const verifier = createVerifier({
      resource,
      issuers: [
        { issuer: guard.issuer.issuer, introspection: { ...guard.issuer.introspection, whenBehind: 'ask' } },
        foreign.issuer.issuer,
      ],
      stores: { revocations: guard.list },
      now: guard.clock.now,
    });
    guard.list.isBehind = true;
    const ask = async ({ issuer }: Guard) =>
      describeOutcome(await verifier.check(requestWith(await issuer.token({ iat: guard.clock.now() / 1000 - 1 }))));
    expect([await ask(guard), await ask(foreign)]).toEqual(['accepted', 'ERR_REVOCATIONS_BEHIND']);
    await verifier.close();
  });

  it('is answered with 503 when its directory says by now that its issuer does not stand in', async () => {
    await using guard = await startDoubtful();
    const { issuer, clock, list } = guard;
    let whenBehind: 'ask' | 'refuse' = 'ask';
    const find = async () => ({
      issuer: issuer.issuer,
      introspection: { ...issuer.introspection, cacheSeconds: 10, whenBehind },
    });
    const verifier = createVerifier({
      resource,
      issuers: { find, advertised: [issuer.issuer] },
      stores: { revocations: list },
      now: clock.now,
    });
    const agent = agentOf(await verifier.check(requestWith(await issuer.token())));
    list.isBehind = true;
    expect(describeOutcome(await verifier.authorize(agent))).toBe('accepted');
    whenBehind = 'refuse';
    clock.advance(60);
    expect(describeOutcome(await verifier.authorize(agent))).toBe('ERR_REVOCATIONS_BEHIND');
    await verifier.close();
  });

  it('is asked about once for many requests at the same time', async () => {
    await using guard = await startDoubtful({ introspection: { cacheSeconds: 10 } });
    const token = await guard.issuer.token();
    guard.list.isBehind = true;
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => guard.ask(token)));
    expect([new Set(outcomes), guard.questions]).toEqual([new Set(['accepted']), 1]);
  });
});

it('an issuer stands in for a list that is behind, and for no other list that cannot know', async () => {
  await using guard = await startDoubtful();
  Object.assign(guard.list, {
    find: () => {
      throw new UnavailableError('ERR_REVOCATIONS_FORGOTTEN', 7);
    },
  });
  expect(await guard.ask(await guard.issuer.token())).toBe('ERR_REVOCATIONS_FORGOTTEN');
  expect(guard.questions).toBe(0);
});
