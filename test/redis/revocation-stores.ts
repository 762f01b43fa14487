import { randomUUID } from 'node:crypto';
import {
  type RevocableToken,
  type Revocation,
  readRevocation,
  UnavailableError,
  writeRevocation,
} from '@gatehouse/core';
import { createRedisStores, type RedisRevocationOptions, type RedisRevocations } from '@gatehouse/redis';
import { type Cluster, Redis, type RedisOptions } from 'ioredis';
import { onTestFinished } from 'vitest';
import type { RedisServer } from './servers.mjs';
import { waitUntil } from './wait-until.mjs';

const iss = 'https://as.example';
/** The keys of the memory, as `revocation-memory.ts` names them. */
export const keys = {
  marker: 'gatehouse:{rv}:r:m',
  entries: 'gatehouse:{rv}:r:h',
  expiries: 'gatehouse:{rv}:r:x',
  stream: 'gatehouse:{rv}:r:s',
} as const;

type ClientOptions = Omit<RedisOptions, 'replyMapping'>;

/** Revocations on a client of their own, as another process would have them. They are closed when the test is over. */
export function openRevocations(
  server: Pick<RedisServer, 'options'> | { readonly options: ClientOptions },
  options: RedisRevocationOptions = {},
): RedisRevocations {
  return openRevocationsOf(new Redis(server.options as ClientOptions), options);
}

/**
 * The same on this client, which is closed, too.
 *
 * @param timeoutSeconds of the stores, by default longer than theirs: a busy machine is no outage
 */
export function openRevocationsOf(
  client: Redis | Cluster,
  options: RedisRevocationOptions = {},
  timeoutSeconds = 4,
): RedisRevocations {
  client.on('error', () => undefined);
  const stores = createRedisStores(client, { timeoutSeconds, revocations: options });
  onTestFinished(async () => {
    await stores.close();
    client.disconnect();
  });
  if (stores.revocations === undefined) throw new Error('The stores have no revocations.');
  return stores.revocations;
}

/** An entry about a subject that nobody else has, or this one. */
export function makeEntry(sub: string = randomUUID(), changes: Partial<Revocation> = {}): Revocation {
  const now = Date.now();
  const entry = {
    id: '',
    iss,
    sub,
    issuedBefore: new Date(now + 600_000),
    expiresAt: new Date(now + 3_600_000),
    at: new Date(now),
    author: 'application',
    ...changes,
  } as Revocation;
  // Reading gives it its id.
  return readRevocation(writeRevocation(entry)) ?? entry;
}

/** The subject that an entry is about. */
export const subOf = (entry: Revocation): string => ('sub' in entry ? entry.sub : '');

/** What a list has, in an order that is the same for all. */
export const idsOf = (list: RedisRevocations): readonly string[] =>
  [...list.list()].map(({ id }) => id).sort((one, other) => (one < other ? -1 : 1));

/** Waits until the lists know all there is, and vouches for their Redis, which is new. */
export async function trust(lists: readonly RedisRevocations[]): Promise<void> {
  // The machine may be busy: an answer that does not come in time is none.
  await waitUntil(async () => Promise.all(lists.map((list) => list.ready())).then(() => true));
  await waitUntil(async () => lists[0]?.vouch().then(() => true) ?? false);
  await waitUntil(async () => lists.every((list) => list.health().state === 'current'));
}

/** A token of that subject. */
function tokenOf(sub: string, issuedAt: Date = new Date()): RevocableToken {
  return {
    iss,
    sub,
    tokenId: undefined,
    session: undefined,
    clientId: 'client',
    actor: { iss, sub: 'client', source: 'client' },
    confirmation: { method: 'none' },
    task: {},
    issuedAt,
  };
}

/** What a list says of a subject: `revoked`, `good`, or the code of its refusal. */
export function ask(list: RedisRevocations, sub: string, issuedAt?: Date): string {
  try {
    return list.find(tokenOf(sub, issuedAt)) === undefined ? 'good' : 'revoked';
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    return error.code;
  }
}
