import type { ReplayStore, StoreHealth } from '@gatehouse/core';
import type { Cluster, Redis } from 'ioredis';
import { connect } from './connection.ts';
import { createFitness, type Fitness } from './fitness.ts';
import { parseOptions, type RedisStoresOptions } from './options.ts';
import { createReplayMemory } from './replay-store.ts';
import { createRedisRevocations, type RedisRevocations } from './revocation-list.ts';
import { readSeconds } from './revocation-memory.ts';
import { createShards, shardsOf } from './shards.ts';

/** What the processes of an API share in Redis: `createVerifier({ …, stores: createRedisStores(redis) })`. */
export interface RedisStores {
  /** Which DPoP proofs were used: each is accepted once by all processes together. */
  readonly replay: ReplayStore;
  /** What is revoked, by any of them; undefined without the option. */
  readonly revocations: RedisRevocations | undefined;
  /**
   * Resolves when Redis is fit to answer, which it is asked; rejects with an `UnavailableError` that says why it is not, as
   * soon as that is known.
   */
  ready(): Promise<void>;
  /** What was last seen of Redis; asks nobody. */
  health(): StoreHealth;
  /** Waits for answers that are due, and lets go of our connection: the one that was handed over is left alone. */
  close(): Promise<void>;
}

/** How often servers are looked at that nobody asks meanwhile. */
const restMilliseconds = 10_000;
/** The same while they are not fit: whoever waits for them to be does not send requests. */
const worryMilliseconds = 1000;

/**
 * Makes stores in the Redis of a connection, which is left alone: theirs is a duplicate, with the address, TLS,
 * credentials, database and `keyPrefix` as they are. It connects at once and without end, so that a process may start
 * before its Redis.
 *
 * All processes that share a Redis need the same prefix and the same kind of client: those for one server, found by
 * Sentinel or not, look for proofs in one place, those for a Cluster in many.
 *
 * @throws ConfigurationError with every problem of the options
 */
export function createRedisStores(redis: Redis | Cluster, options: RedisStoresOptions = {}): RedisStores {
  const { prefix, timeoutSeconds, revocations: settings } = parseOptions(options);
  const shards = createShards(prefix, redis.isCluster ? shardsOf.cluster : shardsOf.server);
  const fitness = createFitness(shards.count);
  const connection = connect(redis, timeoutSeconds, () => void look());
  const memory = createReplayMemory(connection, shards, fitness);
  const revocations =
    settings &&
    createRedisRevocations({
      // Whoever waits for replicas, or for news, holds up the others.
      writer: connect(redis, timeoutSeconds, () => undefined),
      reader: connect(redis, timeoutSeconds + readSeconds, () => undefined),
      prefix,
      settings,
    });
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  /** Asks how the servers are, now and later. What they say is noted by whoever asks. */
  async function look(): Promise<void> {
    if (connection.trouble === undefined) await memory.probe().catch(() => undefined);
    clearTimeout(timer);
    if (isClosed) return;
    timer = setTimeout(() => void look(), fitness.failure === undefined ? restMilliseconds : worryMilliseconds);
    timer.unref();
  }

  const stores: Omit<RedisStores, 'replay' | 'revocations'> = {
    async ready() {
      await connection.connected();
      await Promise.all([memory.probe(), revocations?.ready()]);
    },
    health() {
      if (isClosed) return { state: 'closed', code: 'ERR_REPLAY_STORE_UNAVAILABLE' };
      const { trouble } = connection;
      if (trouble !== undefined) return { state: 'connecting', code: trouble };
      const code = fitness.failure;
      if (code !== undefined) return { state: 'unfit', code, ...fitness.clock };
      return describeFit(fitness);
    },
    async close() {
      isClosed = true;
      clearTimeout(timer);
      memory.flush();
      await Promise.all([connection.close(), revocations?.close()]);
    },
  };

  return {
    ...stores,
    revocations,
    replay: {
      ...stores,
      record: memory.record,
      get epoch() {
        return fitness.epoch;
      },
    },
  };
}

/** Every shard has answered, or none yet; the clock may be off all the same, or the memory young. */
function describeFit({ isKnown, clock, refusal }: Fitness): StoreHealth {
  if (!isKnown) return { state: 'connecting', code: 'ERR_REPLAY_STORE_UNAVAILABLE' };
  if (refusal === undefined) return { state: 'ready', ...clock };
  return { state: refusal === 'ERR_REPLAY_STORE_CLOCK' ? 'unfit' : 'ready', code: refusal, ...clock };
}
