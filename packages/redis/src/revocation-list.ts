import { randomBytes } from 'node:crypto';
import { RevocationError, type RevocationList, UnavailableError } from '@gatehouse/core';
import type { Connection } from './connection.ts';
import type { RevocationSettings } from './options.ts';
import { startFeed } from './revocation-feed.ts';
import { createRevocationMemory } from './revocation-memory.ts';
import { createReplica } from './revocation-replica.ts';
import { createSeal } from './seal.ts';

/** What all processes that share a Redis have revoked. */
export interface RedisRevocations extends RevocationList {
  /**
   * Says that nothing is missing in this Redis: for one that is new, or was emptied, when no process was there that knew
   * more. Tokens that were issued before are accepted from then on, unless they are revoked again.
   */
  vouch(): Promise<void>;
  ready(): Promise<void>;
  close(): Promise<void>;
}

export function createRedisRevocations(options: {
  readonly writer: Connection;
  readonly reader: Connection;
  readonly prefix: string;
  readonly settings: RevocationSettings;
}): RedisRevocations {
  const { writer, reader, prefix, settings } = options;
  const seal = createSeal(settings.keys, `${prefix}:revocations`);
  const epochPrefix = `${randomBytes(9).toString('base64url')}.`;
  const memory = createRevocationMemory({ writer, reader, prefix, seal, epochPrefix });
  const replica = createReplica(settings.maxEntries);
  const feed = startFeed(memory, replica);

  const isBehind = () => feed.lagSeconds > settings.maxLagSeconds || replica.isOverfull;

  async function confirm<Value>(written: Promise<Value>): Promise<Value> {
    try {
      return await written;
    } catch (error) {
      throw new RevocationError('ERR_REVOCATION_UNCONFIRMED', { cause: error });
    }
  }

  return {
    find(token) {
      const found = replica.list.find(token);
      if (found !== undefined) return found;
      const { lostBefore } = feed;
      // A time that says nothing (NaN) is not after.
      const mayBeLost = lostBefore !== undefined && !(token.issuedAt.getTime() / 1000 >= lostBefore);
      if (mayBeLost || isBehind()) throw new UnavailableError('ERR_REVOCATIONS_BEHIND', 1);
      return undefined;
    },
    async add(entry) {
      const held = await replica.hold(entry);
      await confirm(memory.connected().then(() => memory.put(held, feed.replicas, replica.meet(held))));
      replica.confirm(held);
    },
    async lift(entry) {
      const isLifted = await confirm(memory.lift(entry, feed.replicas));
      return (await replica.lift(entry)) || isLifted;
    },
    list: (target) => replica.list.list(target),
    page: (after) => replica.list.page(after),
    health() {
      const lagSeconds = feed.lagSeconds;
      return {
        ...replica.list.health(),
        state: isBehind() || feed.lostBefore !== undefined ? 'behind' : 'current',
        ...(Number.isFinite(lagSeconds) ? { lagSeconds } : {}),
        unreadable: replica.unreadable,
        ...(feed.failure === undefined ? {} : { code: feed.failure }),
      };
    },
    ready: () => feed.ready(),
    vouch: () => feed.vouch(),
    async close() {
      feed.close();
      await Promise.all([writer.close(), reader.close()]);
    },
  };
}
