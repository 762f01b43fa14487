import {
  createRevocationList,
  createVerifier,
  type NewRevocation,
  type ReplayStore,
  RevocationError,
  type Revocations,
  type RevocationTarget,
  UnavailableError,
} from '@gatehouse/core';
import { createTestAgent, type DpopTestAgent } from '@gatehouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Guard, method, startGuard, url } from '../dpop/guard.ts';

const claims = {
  sub: 'alice',
  client_id: 'assistant',
  sid: 'session-1',
  task_id: 'task-1',
  act: { sub: 'researcher' },
};
/** What differs in one thing each from what is revoked. */
const others: Record<string, unknown> = {
  tokenId: {},
  sub: { sub: 'bob' },
  session: { sid: 'session-2' },
  clientId: { client_id: 'other' },
  actor: { act: { sub: 'planner', act: { sub: 'researcher' } } },
  thumbprint: {},
  task: { task_id: 'task-2' },
};

let guard: Guard;
let iss: string;
let agent: DpopTestAgent;
let revocations: Revocations;
let nowSeconds: number;

beforeEach(async () => {
  guard = await startGuard();
  iss = guard.issuer.issuer;
  // A mapping needs the identifier of the issuer, which is known only now.
  guard = await guard.join({ issuers: [{ issuer: iss, claims: { task: ['task_id'] } }] });
  revocations = guard.verifier.revocations;
  agent = createTestAgent(guard.issuer, claims, { dpop: true });
  nowSeconds = Math.ceil(guard.clock.now() / 1000);
  guard.clock.set(nowSeconds * 1000);
});
afterEach(() => guard.close());

const bearer = async (changes: Record<string, unknown> = {}) => ({
  authorization: `Bearer ${await createTestAgent(guard.issuer, claims).token(changes)}`,
});
const bound = async (token: string, by = agent) => ({
  authorization: `DPoP ${token}`,
  dpop: await by.proof({ method, url, token }),
});

describe('a token that is revoked', () => {
  it.each(['tokenId', 'sub', 'session', 'clientId', 'actor', 'thumbprint', 'task'] as const)(
    'by its %s is refused by the very next guard, remembered or not, and no other is [REV-01 BRR-12 FAP-02]',
    async (kind) => {
      const token = await agent.token({ jti: 'token-1' });
      const target: RevocationTarget = {
        tokenId: { iss, tokenId: 'token-1' },
        sub: { iss, sub: 'alice' },
        session: { iss, session: 'session-1' },
        clientId: { iss, clientId: 'assistant' },
        actor: { iss, actor: { sub: 'researcher' } },
        thumbprint: { iss, thumbprint: await agent.thumbprint() },
        task: { iss, task: 'task-1' },
      }[kind];
      expect(await guard.ask(await bound(token))).toBe('accepted');
      await revocations.revoke({ ...target, reason: 'laptop stolen' });

      const outcome = await guard.present(await bound(token));
      expect(outcome).toMatchObject({ error: { code: 'ERR_TOKEN_REVOKED' }, response: { status: 401 } });
      expect(guard.decisions.at(-1)).toMatchObject({
        refusal: { code: 'ERR_TOKEN_REVOKED' },
        reasons: [kind, 'laptop stolen'],
      });
      const answer = JSON.stringify(outcome.outcome === 'refused' && outcome.response);
      expect(answer).toContain('invalid_token');
      expect(answer).not.toMatch(/laptop|revoked/);

      const other = createTestAgent(guard.issuer, { ...claims, ...(others[kind] as object) }, { dpop: true });
      expect(await guard.ask(await bound(await other.token(), other))).toBe('accepted');
    },
  );

  it('is one of its issuer: the same names at another issuer are of somebody else', async () => {
    const foreign = await startGuard({ now: guard.clock.now });
    const both = await guard.join({ issuers: [iss, foreign.issuer.issuer] });
    await both.verifier.revocations.revoke({ iss: foreign.issuer.issuer, sub: 'alice' });
    expect(await both.ask(await bearer())).toBe('accepted');
    const theirs = { authorization: `Bearer ${await createTestAgent(foreign.issuer, claims).token()}` };
    expect(await both.ask(theirs)).toBe('ERR_TOKEN_REVOKED');
    await foreign.close();
  });

  it('uses up no proof: lifted, the same request is accepted', async () => {
    const fields = await bound(await agent.token());
    const { id } = await revocations.revoke({ iss, sub: 'alice' });
    expect(await guard.ask(fields)).toBe('ERR_TOKEN_REVOKED');
    expect(await revocations.lift(id)).toBe(true);
    expect(await guard.ask(fields)).toBe('accepted');
    expect(await guard.ask(fields)).toBe('ERR_DPOP_REPLAYED');
  });

  it('is refused between two guards of one request', async () => {
    const { authorization } = await bearer();
    const request = { method, target: '/v1/data', headers: { authorization: [authorization] } };
    expect(await guard.verifier.check(request)).toMatchObject({ outcome: 'accepted' });
    await revocations.revoke({ iss, task: 'task-1' });
    expect(await guard.verifier.check(request)).toMatchObject({ error: { code: 'ERR_TOKEN_REVOKED' } });
    // By then it is known who calls.
    expect(guard.decisions.at(-1)).toMatchObject({
      agent: { sub: 'alice', session: 'session-1', task: { id: 'task-1' } },
    });
  });

  it('is refused where its agent was kept, as on a connection that stays open [REV-01]', async () => {
    const outcome = await guard.present(await bearer());
    if (outcome.outcome !== 'accepted') throw new Error('not accepted');
    expect(await guard.verifier.authorize(outcome.agent)).toMatchObject({ outcome: 'accepted' });
    await revocations.revoke({ iss, session: 'session-1' });
    expect(await guard.verifier.authorize(outcome.agent)).toMatchObject({ error: { code: 'ERR_TOKEN_REVOKED' } });
  });

  it('is refused when that arrives while its proof is checked', async () => {
    const replay: ReplayStore = {
      async record() {
        await revocations.revoke({ iss, sub: 'alice' });
        return 'fresh' as const;
      },
    };
    const slow = await guard.join({ issuers: [iss], stores: { replay } });
    const fields = await bound(await agent.token());
    expect(await slow.ask(fields)).toBe('ERR_TOKEN_REVOKED');
  });
});

describe('tokens that are issued after a revocation', () => {
  it.each<[string, NewRevocation, number]>([
    ['a subject', { iss: '', sub: 'alice' }, 5],
    ['a client', { iss: '', clientId: 'assistant' }, 5],
    ['an actor', { iss: '', actor: { sub: 'researcher' } }, 5],
    ['a session', { iss: '', session: 'session-1' }, 86_405],
    ['a task', { iss: '', task: 'task-1' }, 86_405],
  ])('of %s are good again after a while', async (_what, revocation, seconds) => {
    await revocations.revoke({ ...revocation, iss });
    guard.clock.advance(seconds - 1);
    expect(await guard.ask(await bearer())).toBe('ERR_TOKEN_REVOKED');
    guard.clock.advance(1);
    expect(await guard.ask(await bearer())).toBe('accepted');
  });

  it('are good from the moment that was given', async () => {
    await revocations.revoke({ iss, sub: 'alice', issuedBefore: new Date((nowSeconds - 10) * 1000) });
    expect(await guard.ask(await bearer({ iat: nowSeconds - 11 }))).toBe('ERR_TOKEN_REVOKED');
    expect(await guard.ask(await bearer({ iat: nowSeconds - 10 }))).toBe('accepted');
  });
});

describe('revoke', () => {
  it('gives the entry, with the times by which every such token has expired', async () => {
    expect(await revocations.revoke({ iss, sub: 'alice', reason: 'stolen', author: 'ops' })).toEqual({
      id: expect.stringMatching(/^[\w-]+$/),
      iss,
      sub: 'alice',
      issuedBefore: new Date((nowSeconds + 5) * 1000),
      expiresAt: new Date((nowSeconds + 5 + 86_400 + 5) * 1000),
      at: new Date(guard.clock.now()),
      author: 'ops',
      reason: 'stolen',
    });
    const end = new Date((nowSeconds + 86_400 + 10) * 1000);
    const token = await revocations.revoke({ iss, tokenId: 'token-1' });
    expect(token).toMatchObject({ tokenId: 'token-1', issuedBefore: end, expiresAt: end, author: 'application' });
    expect(await revocations.revoke({ iss, task: 'task-1' })).toMatchObject({
      issuedBefore: new Date((nowSeconds + 86_405) * 1000),
      expiresAt: new Date((nowSeconds + 2 * 86_400 + 10) * 1000),
    });
  });

  it('gives an entry that is never weaker than before', async () => {
    const first = await revocations.revoke({ iss, sub: 'alice', reason: 'stolen' });
    guard.clock.advance(1);
    const issuedBefore = new Date(0);
    const again = await revocations.revoke({ iss, sub: 'alice', issuedBefore, expiresAt: issuedBefore });
    const { id, expiresAt } = first;
    expect(again).toMatchObject({ id, issuedBefore: first.issuedBefore, expiresAt, at: new Date(guard.clock.now()) });
    expect(await guard.ask(await bearer({ iat: nowSeconds }))).toBe('ERR_TOKEN_REVOKED');
    expect([...revocations.list()]).toHaveLength(1);
  });

  it('can make a block that ends', async () => {
    await revocations.revoke({ iss, sub: 'alice', expiresAt: new Date((nowSeconds + 60) * 1000) });
    const fields = await bearer();
    guard.clock.advance(59);
    expect(await guard.ask(fields)).toBe('ERR_TOKEN_REVOKED');
    guard.clock.advance(1);
    expect(await guard.ask(fields)).toBe('accepted');
  });

  it.each<[string, unknown, string[]]>([
    ['nothing', undefined, ['']],
    ['no target', { iss: 'as' }, ['']],
    ['two targets', { iss: 'as', sub: 'alice', task: 'task-1' }, ['task']],
    ['no issuer', { sub: 'alice' }, ['iss']],
    ['a misspelt target', { iss: 'as', subject: 'alice' }, ['', '']],
    ['an empty subject', { iss: 'as', sub: '' }, ['sub']],
    ['half a character', { iss: 'as', sub: 'a\ud800' }, ['sub']],
    ['a thumbprint that is none', { iss: 'as', thumbprint: 'abc' }, ['thumbprint']],
    ['an actor as a text', { iss: 'as', actor: 'researcher' }, ['actor']],
    [
      'times that are none',
      { iss: 'as', sub: 'a', issuedBefore: 7, expiresAt: new Date(Number.NaN) },
      ['issuedBefore', 'expiresAt'],
    ],
    ['a time beyond all times', { iss: 'as', sub: 'a', issuedBefore: new Date(8.64e15) }, ['issuedBefore']],
    ['a time for a token', { iss: 'as', tokenId: 'a', issuedBefore: new Date(0) }, ['issuedBefore']],
    ['a long reason', { iss: 'as', sub: 'a', reason: 'a'.repeat(201) }, ['reason']],
    ['several problems', { sub: '', session: 's', author: '' }, ['iss', 'sub', 'author', 'session']],
  ])('refuses %s, and names every problem', async (_what, revocation, paths) => {
    const error = await revocations.revoke(revocation as NewRevocation).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(RevocationError);
    expect(error).toMatchObject({ code: 'ERR_REVOCATION_INVALID' });
    expect((error as RevocationError).issues.map(({ path }) => path).sort()).toEqual(paths.sort());
  });

  it('refuses an issuer that is not trusted here, byte for byte', async () => {
    for (const stranger of ['https://other.example', `${iss}/`]) {
      await expect(revocations.revoke({ iss: stranger, sub: 'alice' })).rejects.toMatchObject({
        code: 'ERR_REVOCATION_INVALID',
        issues: [{ path: 'iss', message: 'is no issuer that is trusted here' }],
      });
    }
    expect([...revocations.list()]).toEqual([]);
  });

  it('goes on while a directory does not answer, for the longest time that tokens may have', async () => {
    const find = async () => Promise.reject(new Error('down'));
    const verifier = createVerifier({ resource: url, issuers: { find, advertised: [] }, now: guard.clock.now });
    const { expiresAt } = await verifier.revocations.revoke({ iss, sub: 'alice' });
    expect(expiresAt).toEqual(new Date((nowSeconds + 5 + 2_592_000 + 5) * 1000));
    expect(await guard.ask(await bearer())).toBe('ERR_TOKEN_REVOKED');
    await verifier.close();
  });

  it('rejects when the list is full, and nothing is forgotten', async () => {
    const list = createRevocationList({ maxEntries: 1, now: guard.clock.now });
    const small = await guard.join({ stores: { revocations: list } });
    await small.verifier.revocations.revoke({ iss, sub: 'alice' });
    const full = small.verifier.revocations.revoke({ iss, sub: 'bob' });
    await expect(full).rejects.toMatchObject({ name: 'RevocationError', code: 'ERR_REVOCATION_LIST_FULL' });
    expect(await small.ask(await bearer())).toBe('ERR_TOKEN_REVOKED');
  });
});

describe('lift', () => {
  it('takes back what its author revoked, and nobody else', async () => {
    const { id } = await revocations.revoke({ iss, sub: 'alice', author: 'ops' });
    const fields = await bearer();
    for (const author of [undefined, 'user', '']) {
      await expect(revocations.lift(id, author)).rejects.toMatchObject({ code: 'ERR_REVOCATION_AUTHOR' });
    }
    expect(await guard.ask(fields)).toBe('ERR_TOKEN_REVOKED');
    expect(await revocations.lift(id, 'ops')).toBe(true);
    expect(await revocations.lift(id, 'ops')).toBe(false);
    expect(await guard.ask(fields)).toBe('accepted');
  });

  it.each([
    '',
    'abc',
    '!',
    Buffer.from('["sub","a"]').toString('base64url'),
    Buffer.from('["actor","a","b","application"]').toString('base64url'),
  ])('takes nothing back by %j', async (id) => {
    await revocations.revoke({ iss, sub: 'alice' });
    expect(await revocations.lift(id)).toBe(false);
    expect(await guard.ask(await bearer())).toBe('ERR_TOKEN_REVOKED');
  });

  it('takes an id as it was given, and no other text that decodes to the same', async () => {
    const { id } = await revocations.revoke({ iss, sub: 'alice' });
    expect([await revocations.lift(`${id}=`), await revocations.lift(` ${id}`)]).toEqual([false, false]);
    expect(await revocations.lift(id)).toBe(true);
  });

  it('leaves what another author revoked', async () => {
    const { id } = await revocations.revoke({ iss, sub: 'alice', author: 'ops' });
    await revocations.revoke({ iss, sub: 'alice', author: 'user' });
    await revocations.lift(id, 'ops');
    expect(await guard.ask(await bearer())).toBe('ERR_TOKEN_REVOKED');
    expect([...revocations.list({ iss, sub: 'alice' })]).toMatchObject([{ author: 'user' }]);
  });
});

describe('list', () => {
  it('refuses a target that is none', () => {
    expect(() => revocations.list({ iss } as RevocationTarget)).toThrow(RevocationError);
    expect(() => revocations.list({ iss, sub: 'alice' })).not.toThrow();
  });
});

describe('verifiers', () => {
  it('of one process and clock share what is revoked, unless they are given a list', async () => {
    const other = await guard.join();
    const apart = await guard.join({ stores: { revocations: createRevocationList({ now: guard.clock.now }) } });
    await other.verifier.revocations.revoke({ iss, sub: 'alice' });
    const fields = await bearer();
    expect([await guard.ask(fields), await other.ask(fields), await apart.ask(fields)]).toEqual([
      'ERR_TOKEN_REVOKED',
      'ERR_TOKEN_REVOKED',
      'accepted',
    ]);
  });

  it('say in their health how much is revoked', async () => {
    expect(guard.verifier.health().revocations).toEqual({ entries: 0 });
    await revocations.revoke({ iss, sub: 'alice' });
    expect(guard.verifier.health().revocations).toEqual({ entries: 1 });
  });

  it('answer 503 where the list cannot know', async () => {
    const list = createRevocationList({ now: guard.clock.now });
    const find = () => {
      throw new UnavailableError('ERR_REVOCATIONS_FORGOTTEN', 7);
    };
    const blind = await guard.join({ stores: { revocations: { ...list, find } } });
    expect(await blind.present(await bearer())).toMatchObject({
      outcome: 'refused',
      response: { status: 503, headers: { 'retry-after': ['7'] } },
    });
  });

  it.each([7, null, {}, { find: () => undefined }])('take %j for no list', async (list) => {
    await expect(guard.join({ stores: { revocations: list as never } })).rejects.toMatchObject({
      issues: [{ path: 'stores.revocations', message: 'must be a revocation list' }],
    });
  });
});
