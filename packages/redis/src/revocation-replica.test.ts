import { type Revocation, readRevocation, writeRevocation } from '@gatehouse/core';
import { expect, it } from 'vitest';
import { createReplica } from './revocation-replica.ts';

const now = Math.floor(Date.now() / 1000) * 1000;

function makeEntry(at: number, sub = 'alice'): Revocation {
  const entry = {
    id: '',
    iss: 'https://as.example',
    sub,
    issuedBefore: new Date(at + 1000),
    expiresAt: new Date(at + 60_000),
    at: new Date(at),
    author: 'application',
  };
  return readRevocation(writeRevocation(entry)) ?? entry;
}

it('takes what Redis has confirmed for no more than what it was given', async () => {
  const replica = createReplica(10);
  const first = await replica.hold(makeEntry(now));
  const second = await replica.hold(makeEntry(now + 1000));
  replica.confirm(first);
  expect([...replica.unconfirmed.values()]).toEqual([second]);
  replica.confirm(second);
  expect(replica.unconfirmed.size).toBe(0);
});

it('keeps an entry as strong as it was when a weaker one comes behind it', async () => {
  const replica = createReplica(10);
  const strong = await replica.hold(makeEntry(now + 1000));
  expect(await replica.hold(makeEntry(now))).toEqual(strong);
});

it('does not lift what was revoked again since', async () => {
  const replica = createReplica(10);
  const first = await replica.hold(makeEntry(now));
  const second = await replica.hold(makeEntry(now + 1));
  expect(await replica.lift(first)).toBe(false);
  expect([...replica.unconfirmed.values(), ...replica.list.list()]).toEqual([second, second]);
  expect(await replica.lift(second)).toBe(true);
  expect([replica.unconfirmed.size, ...replica.list.list()]).toEqual([0]);
});

it('is overfull from the first change without room until it has read all, and had room for it', async () => {
  const replica = createReplica(1);
  const alice = { kind: 'revoked', entry: makeEntry(now, 'alice') } as const;
  const bob = { kind: 'revoked', entry: makeEntry(now, 'bob') } as const;
  async function* all() {
    yield alice;
    yield bob;
  }
  async function* one() {
    yield alice;
  }
  const seen: boolean[] = [];
  const note = () => void seen.push(replica.isOverfull);
  await replica.applyAll(all(), note);
  expect([...seen, replica.isOverfull]).toEqual([false, true, true]);
  await replica.applyAll(one(), note);
  expect([...seen, replica.isOverfull]).toEqual([false, true, true, false]);
  await replica.apply(alice);
  expect(replica.isOverfull).toBe(false);
  await replica.apply(bob);
  expect(replica.isOverfull).toBe(true);
});
