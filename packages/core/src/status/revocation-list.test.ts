import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../errors.ts';
import { fileTarget, type Revocation, type RevocationTarget, writeId } from './revocation.ts';
import { createRevocationList, type RevocationList } from './revocation-list.ts';
import type { RevocableToken } from './revocation-table.ts';

const iss = 'https://as.example';
const now = 1_800_000_000;
const thumbprint = 'a'.repeat(43);

const token: RevocableToken = {
  iss,
  tokenId: 'token-1',
  sub: 'alice',
  session: 'session-1',
  clientId: 'assistant',
  actor: { iss, sub: 'researcher', source: 'act' },
  confirmation: { method: 'dpop', jkt: thumbprint },
  task: { id: 'task-1' },
  issuedAt: new Date(now * 1000),
};

const dateOf = (seconds: number) => new Date(seconds * 1000);

function entryOf(target: RevocationTarget, changes: Partial<Revocation> = {}): Revocation {
  const { author = 'application' } = changes;
  return {
    id: writeId(fileTarget(target), author),
    ...target,
    issuedBefore: dateOf(now + 5),
    expiresAt: dateOf(now + 3600),
    at: dateOf(now),
    author,
    ...changes,
  } as Revocation;
}

/** A list, and its clock in seconds. */
function makeList(maxEntries?: number): { readonly list: RevocationList; readonly clock: { seconds: number } } {
  const clock = { seconds: now };
  const list = createRevocationList({
    now: () => clock.seconds * 1000,
    ...(maxEntries === undefined ? {} : { maxEntries }),
  });
  return { list, clock };
}

const targets: readonly [string, RevocationTarget, Partial<RevocableToken>][] = [
  ['token', { iss, tokenId: 'token-1' }, { tokenId: 'token-2' }],
  ['subject', { iss, sub: 'alice' }, { sub: 'bob' }],
  ['session', { iss, session: 'session-1' }, { session: undefined }],
  ['client', { iss, clientId: 'assistant' }, { clientId: 'other' }],
  ['actor', { iss, actor: { sub: 'researcher' } }, { actor: { iss, sub: 'researcher', source: 'client' } }],
  ['actor of another issuer', { iss, actor: { sub: 'researcher', iss: 'https://other.example' } }, {}],
  ['key', { iss, thumbprint }, { confirmation: { method: 'none' } }],
  ['certificate', { iss, thumbprint: 'b'.repeat(43) }, {}],
  ['task', { iss, task: 'task-1' }, { task: {} }],
];

const revoked: Partial<Record<string, RevocableToken>> = {
  'actor of another issuer': { ...token, actor: { iss: 'https://other.example', sub: 'researcher', source: 'act' } },
  certificate: { ...token, confirmation: { method: 'mtls', thumbprint: 'b'.repeat(43) } },
};

describe('a revocation list', () => {
  it.each(targets)('finds an entry about the %s, for that one alone', async (what, target, changes) => {
    const { list } = makeList();
    const theirs = revoked[what] ?? token;
    expect(list.find(theirs)).toBeUndefined();
    await list.add(entryOf(target, { reason: 'stolen' }));
    expect(list.find(theirs)).toMatchObject({ id: entryOf(target).id, reason: 'stolen' });
    expect(list.find({ ...token, ...changes })).toBeUndefined();
    expect(list.find({ ...theirs, iss: 'https://third.example' })).toBeUndefined();
  });

  it('compares iat with issuedBefore, and the clock with expiresAt', async () => {
    const { list, clock } = makeList();
    await list.add(entryOf({ iss, sub: 'alice' }));
    const issuedAt = (seconds: number) => list.find({ ...token, issuedAt: dateOf(seconds) }) !== undefined;
    expect([issuedAt(now + 4.999), issuedAt(now + 5), issuedAt(now + 6)]).toEqual([true, false, false]);
    clock.seconds = now + 3599.999;
    expect(issuedAt(now)).toBe(true);
    clock.seconds = now + 3600;
    expect(issuedAt(now)).toBe(false);
  });

  it('rounds times up to a second', async () => {
    const { list } = makeList();
    await list.add(entryOf({ iss, sub: 'alice' }, { issuedBefore: dateOf(now + 0.001), expiresAt: dateOf(now + 1.5) }));
    expect(list.find(token)).toMatchObject({ issuedBefore: dateOf(now + 1), expiresAt: dateOf(now + 2) });
  });

  it('ends no entry by a clock or an iat that says nothing', async () => {
    const { list, clock } = makeList();
    await list.add(entryOf({ iss, sub: 'alice' }));
    expect(list.find({ ...token, issuedAt: new Date(Number.NaN) })).toBeDefined();
    clock.seconds = Number.NaN;
    expect(list.find(token)).toBeDefined();
  });

  it('keeps one entry for each author, and takes away that of one alone', async () => {
    const { list } = makeList();
    const [ops, user, third] = ['ops', 'user', 'third'].map((author) => entryOf({ iss, sub: 'alice' }, { author }));
    for (const entry of [ops, user, third, ops]) await list.add(entry as Revocation);
    expect([...list.list()].map(({ author }) => author).sort()).toEqual(['ops', 'third', 'user']);
    for (const entry of [user, third, ops]) {
      expect(list.find(token)).toBeDefined();
      expect(await list.lift(entry as Revocation)).toBe(true);
      expect(await list.lift(entry as Revocation)).toBe(false);
    }
    expect(list.find(token)).toBeUndefined();
    expect([...list.list()]).toEqual([]);
  });

  it('finds the entry that counts behind one that does not', async () => {
    const { list } = makeList();
    const target = { iss, sub: 'alice' };
    await list.add(entryOf(target, { author: 'counts' }));
    await list.add(entryOf(target, { author: 'too-early', issuedBefore: dateOf(now - 60) }));
    expect(list.find(token)?.author).toBe('counts');
  });

  it('lists what counts: all, or what one target is about', async () => {
    const { list, clock } = makeList();
    const entries = targets.map(([, target]) => entryOf(target));
    for (const entry of entries) await list.add(entry);
    const idsOf = (found: Iterable<Revocation>) => [...found].map(({ id }) => id).sort();
    expect(idsOf(list.list())).toEqual(idsOf(entries));
    expect(idsOf(list.list({ iss, task: 'task-1' }))).toEqual([entryOf({ iss, task: 'task-1' }).id]);
    expect(idsOf(list.list({ iss, task: 'task-2' }))).toEqual([]);
    clock.seconds = now + 3600;
    expect(idsOf(list.list())).toEqual([]);
  });

  it('says how many entries it holds, those that have expired included until they are let go of', async () => {
    const { list, clock } = makeList();
    expect(list.health()).toEqual({ entries: 0 });
    await list.add(entryOf({ iss, sub: 'alice' }));
    await list.add(entryOf({ iss, sub: 'bob' }, { expiresAt: dateOf(now + 10) }));
    clock.seconds = now + 71;
    expect([list.health(), [...list.list()].length]).toEqual([{ entries: 2 }, 1]);
    await list.add(entryOf({ iss, sub: 'carol' }));
    expect(list.health()).toEqual({ entries: 2 });
    await list.lift(entryOf({ iss, sub: 'carol' }));
    expect(list.health()).toEqual({ entries: 1 });
  });

  it('lets go of expired entries a few at a time, and of more at once only where there is no room', async () => {
    const { list, clock } = makeList(10_000);
    const addAll = (count: number, name: string, changes: Partial<Revocation> = {}) =>
      Promise.all(Array.from({ length: count }, (_, n) => list.add(entryOf({ iss, sub: `${name}-${n}` }, changes))));
    await addAll(9000, 'early');
    clock.seconds = now + 3660;
    const later = { expiresAt: dateOf(now + 9000) };
    await addAll(1, 'late', later);
    const left = list.health().entries;
    expect(left).toBeGreaterThan(4000);
    expect(left).toBeLessThan(9000 - 4000);
    await addAll(2, 'later', later);
    expect(list.health()).toEqual({ entries: 3 });

    // It is found behind most of the others.
    await addAll(1, 'gone', { expiresAt: dateOf(now + 3700) });
    await addAll(9996, 'full', later);
    clock.seconds = now + 3760;
    await addAll(1, 'last', later);
    expect(list.health()).toEqual({ entries: 10_000 });
    await expect(addAll(1, 'none', later)).rejects.toMatchObject({ code: 'ERR_REVOCATION_LIST_FULL' });
  });

  it('gives what counts a page at a time: each entry once, what is merged meanwhile included', async () => {
    const { list, clock } = makeList();
    const subjects = Array.from({ length: 2500 }, (_, n) => `subject-${n}`);
    for (const sub of subjects) await list.add(entryOf({ iss, sub }));
    await list.add(entryOf({ iss, sub: 'expired' }, { expiresAt: dateOf(now + 10) }));
    clock.seconds = now + 10;
    const first = list.page();
    for (const sub of subjects) await list.add(entryOf({ iss, sub }, { expiresAt: dateOf(now + 7200) }));
    const second = list.page(first?.next);
    const third = list.page(second?.next);
    const pages = [first, second, third].map((page) => page?.revocations ?? []);
    expect(pages.map(({ length }) => length >= 1000)).toEqual([true, true, false]);
    const found = pages.flat().map((entry) => ('sub' in entry ? entry.sub : ''));
    expect(found.sort()).toEqual(subjects.sort());
    expect(third).not.toHaveProperty('next');
  });

  it('has pages without entries, which are not the last', async () => {
    const { list, clock } = makeList();
    for (let n = 0; n < 2000; n += 1) await list.add(entryOf({ iss, sub: `subject-${n}` }));
    clock.seconds = now + 3600;
    expect(list.page()).toEqual({ revocations: [], next: expect.any(String) });
  });

  it.each(['', '0', 'f', '0000000g', '000000000', 'FFFFFFFF', '-0000001', ' 0000000'])(
    'has no page after %j',
    async (after) => {
      const { list } = makeList();
      expect(list.page(after)).toBeUndefined();
      expect(list.page('ffffffff')).toEqual({ revocations: [] });
    },
  );

  it('rejects what it has no room for, forgets nothing, and still takes what it knows', async () => {
    const { list } = makeList(2);
    await list.add(entryOf({ iss, sub: 'alice' }));
    await list.add(entryOf({ iss, sub: 'bob' }));
    await expect(list.add(entryOf({ iss, sub: 'carol' }))).rejects.toMatchObject({ code: 'ERR_REVOCATION_LIST_FULL' });
    await list.add(entryOf({ iss, sub: 'bob' }, { issuedBefore: dateOf(now + 60) }));
    expect(list.find(token)).toBeDefined();
    expect(list.find({ ...token, sub: 'bob', issuedAt: dateOf(now + 59) })).toBeDefined();
    expect(list.health().entries).toBe(2);
  });

  it('gives room back once entries have expired, without a timer', async () => {
    const { list, clock } = makeList(1);
    await list.add(entryOf({ iss, sub: 'alice' }, { expiresAt: dateOf(now + 10) }));
    clock.seconds = now + 71;
    await list.add(entryOf({ iss, sub: 'bob' }));
    expect([...list.list()]).toMatchObject([{ sub: 'bob' }]);
  });

  it('takes nothing that would be about no token any more', async () => {
    const { list } = makeList(1);
    await list.add(entryOf({ iss, sub: 'alice' }, { expiresAt: dateOf(now) }));
    expect(list.health().entries).toBe(0);
    await list.add(entryOf({ iss, sub: 'bob' }));
  });

  it('cannot tell, when the clock is set back behind entries that have gone, whether they were about a token', async () => {
    const { list, clock } = makeList();
    await list.add(entryOf({ iss, sub: 'alice' }));
    clock.seconds = now + 3600 + 61;
    await list.add(entryOf({ iss, sub: 'bob' }, { expiresAt: dateOf(now + 7200) }));
    expect(list.find(token)).toBeUndefined();
    clock.seconds = now + 3599;
    const forgotten = expect.objectContaining({ code: 'ERR_REVOCATIONS_FORGOTTEN', retryAfterSeconds: 1 });
    expect(() => list.find(token)).toThrow(forgotten);
    expect(() => list.find({ ...token, sub: 'carol' })).toThrow(forgotten);
    expect(list.find({ ...token, issuedAt: dateOf(now + 5) })).toBeUndefined();
  });

  it('bears small corrections of the clock: an entry stays a minute beyond its time', async () => {
    const { list, clock } = makeList();
    await list.add(entryOf({ iss, sub: 'alice' }));
    clock.seconds = now + 3659;
    await list.add(entryOf({ iss, sub: 'bob' }, { expiresAt: dateOf(now + 7200) }));
    expect(list.find(token)).toBeUndefined();
    clock.seconds = now + 3599;
    expect(list.find(token)).toBeDefined();
  });

  it.each([{ maxEntries: 0 }, { maxEntries: 10_000_001 }, { maxEntries: 1.5 }, { now: 7 }, { timers: true }])(
    'is not made of %j',
    (options) => {
      expect(() => createRevocationList(options as never)).toThrow(ConfigurationError);
    },
  );
});
