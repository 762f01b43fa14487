import { type Revocation, readRevocation, UnavailableError, writeRevocation } from '@gatehouse/core';
import type { Connection } from './connection.ts';
import { type FailureCode, failure } from './failures.ts';
import { putScript, scanScript, statusScript, vouchScript } from './revocation-scripts.ts';
import type { Seal } from './seal.ts';

/** How the memory of Redis is. */
export interface MemoryStatus {
  /** Names the unbroken stretch of it. */
  readonly epoch: string;
  /** Since when: seconds since the epoch, by the clock of Redis. */
  readonly from: number;
  /** Whether a process that knew the memory before has said that this one has everything. */
  readonly isVouchedFor: boolean;
  /** How many changes there were. */
  readonly count: number;
  /** The id of the last of them. */
  readonly lastId: string;
  /** Of the server: another one after a failover, and after a restart. */
  readonly replicationId: string;
  readonly replicas: number;
}

/** What somebody vouches for. */
export interface Known {
  readonly kind: 'revoked' | 'lifted';
  readonly entry: Revocation;
}

/** Something that has changed. */
export type Change =
  | Known
  /** What nobody vouches for, or nobody understands. */
  | { readonly kind: 'unreadable' };

/** A change, with its place in the stream; without a count where somebody else has written it. */
export type Placed = Change & { readonly id: string; readonly count: number | undefined };

/** What processes know together of revocations. */
export interface RevocationMemory {
  /** Resolves when it can be asked; rejects with an `UnavailableError` as soon as an attempt to connect has failed. */
  connected(): Promise<void>;
  status(): Promise<MemoryStatus>;
  /** What is there, all of it, a part at a time. */
  scan(): AsyncGenerator<Change>;
  /** What has changed since; waits for it so long. */
  read(after: string, seconds: number): Promise<readonly Placed[]>;
  /**
   * Resolves once the entry is there, and in that many replicas. `meet` is given what another process has put there
   * meanwhile, and gives what both are together; undefined to leave it as it is.
   */
  put(entry: Revocation, replicas: number, meet: (found: Known) => Promise<Revocation | undefined>): Promise<void>;
  /** Resolves once everybody can know that the entry was lifted; to false where there was none. */
  lift(entry: Revocation, replicas: number): Promise<boolean>;
  vouch(epoch: string): Promise<void>;
}

/** How long a read waits at most: what is lost is noticed after that at the latest. */
export const readSeconds = 0.5;
/** Other processes change the same entry at the same time: so often in a row, they do not. */
const mostAttempts = 10;

const refusals: Readonly<Record<string, FailureCode>> = {
  info: 'ERR_REPLAY_STORE_INFO',
  role: 'ERR_REPLAY_STORE_READ_ONLY',
  evicts: 'ERR_REPLAY_STORE_EVICTS',
};

export function createRevocationMemory(options: {
  readonly writer: Connection;
  readonly reader: Connection;
  readonly prefix: string;
  readonly seal: Seal;
  /** How the epochs begin that this process is the first to see. */
  readonly epochPrefix: string;
}): RevocationMemory {
  const { writer, reader, prefix, seal, epochPrefix } = options;
  const keys = ['m', 'h', 'x', 's'].map((name) => `${prefix}:{rv}:r:${name}`);
  const [, , , stream = ''] = keys;
  /** The replication id of the server that was last asked how it is. */
  let readFrom: string | undefined;

  async function write(script: Parameters<Connection['run']>[0], args: readonly string[], replicas: number) {
    const all = [epochPrefix, ...args];
    const answer = replicas > 0 ? writer.replicate(script, keys, all, replicas) : writer.run(script, keys, all);
    try {
      return await answer;
    } catch (error) {
      if (isReadOnly(error)) writer.renew('ERR_REPLAY_STORE_READ_ONLY');
      throw error;
    }
  }

  function open(record: string): Change {
    const text = seal.open(record);
    if (text === undefined) return { kind: 'unreadable' };
    const isLifted = text.startsWith(liftedMark);
    const entry = readRevocation(isLifted ? text.slice(liftedMark.length) : text);
    if (entry === undefined) return { kind: 'unreadable' };
    return { kind: isLifted ? 'lifted' : 'revoked', entry };
  }

  async function askStatus(): Promise<MemoryStatus> {
    const answer = await reader.run(statusScript, keys, [epochPrefix]);
    const refusal = refusals[answer];
    // A server that was demoted may have left its address to another one.
    if (refusal === 'ERR_REPLAY_STORE_READ_ONLY') reader.renew(refusal);
    if (refusal !== undefined) throw failure(refusal);
    const [status, epoch = '', from, vouched, count, lastId = '', replicationId = '', replicas] = answer.split(' ');
    if (status !== 'ok') throw failure('ERR_REPLAY_STORE_UNAVAILABLE');
    readFrom = replicationId;
    return {
      epoch,
      from: Number(from),
      isVouchedFor: vouched === '1',
      count: Number(count),
      lastId,
      replicationId,
      replicas: Number(replicas),
    };
  }

  /**
   * After a failover, one connection may still lead to the former master: what is written there is lost without a sign, as
   * long as what is read comes from the other one.
   */
  async function requireSame(writtenTo: string): Promise<void> {
    if (readFrom === undefined || writtenTo === readFrom) return;
    // It may have moved since then, for both of them.
    await askStatus();
    if (writtenTo === readFrom) return;
    writer.renew('ERR_REPLAY_STORE_UNAVAILABLE');
    throw failure('ERR_REPLAY_STORE_UNAVAILABLE');
  }

  /** Writes by what is expected to be there, until that is what is there. Nothing, where nothing is to be written. */
  async function compareAndSet(
    id: string,
    replicas: number,
    decide: (found: Known | undefined) => Promise<Known | undefined>,
  ): Promise<void> {
    let expected = '';
    let found: Known | undefined;
    for (let attempts = 0; attempts < mostAttempts; attempts += 1) {
      const next = await decide(found);
      if (next === undefined) return;
      const { kind, entry } = next;
      const record = seal.close((kind === 'lifted' ? liftedMark : '') + writeRevocation(entry));
      const expiry = String(Math.ceil(entry.expiresAt.getTime() / 1000));
      const answer = await write(putScript, [id, record, expected, expiry], replicas);
      if (answer.startsWith('ok')) return await requireSame(answer.slice('ok'.length));
      expected = answer.slice('is'.length).slice(0, lengthOfSha);
      const change = open(answer.slice('is'.length + lengthOfSha));
      // What nobody vouches for, and what belongs elsewhere, is written over.
      found = change.kind !== 'unreadable' && change.entry.id === id ? change : undefined;
    }
    throw failure('ERR_REPLAY_STORE_UNAVAILABLE');
  }

  return {
    async connected() {
      await Promise.all([reader.connected(), writer.connected()]);
    },
    status: askStatus,
    async *scan() {
      let cursor = '0';
      do {
        const answer = await reader.run(scanScript, keys, [epochPrefix, cursor]);
        const [next = '0', ...records] = JSON.parse(answer.slice('ok'.length)) as string[];
        for (const record of records) yield open(record);
        cursor = next;
      } while (cursor !== '0');
    },
    async read(after, seconds) {
      const entries = await reader.read(stream, after, seconds * 1000);
      return entries.map(([id, fields]) => {
        const [first, count, second, record] = fields;
        const isOurs = first === 'count' && second === 'record' && /^\d{1,15}$/.test(count ?? '');
        return {
          ...(isOurs ? open(record ?? '') : { kind: 'unreadable' }),
          id,
          count: isOurs ? Number(count) : undefined,
        };
      });
    },
    put: (entry, replicas, meet) =>
      compareAndSet(entry.id, replicas, async (found) => {
        const merged = found === undefined ? entry : await meet(found);
        return merged && { kind: 'revoked', entry: merged };
      }),
    async lift(entry, replicas) {
      let isLifted = false;
      await compareAndSet(entry.id, replicas, async (found) => {
        isLifted = found?.kind === 'revoked';
        return { kind: 'lifted', entry: found?.entry ?? entry };
      });
      return isLifted;
    },
    async vouch(epoch) {
      // Another memory than the one that was meant.
      if ((await write(vouchScript, [epoch], 0)) !== 'ok') throw new UnavailableError('ERR_REVOCATIONS_BEHIND', 1);
    },
  };
}

/** No entry as text begins like this. */
const liftedMark = 'lifted ';
const lengthOfSha = 40;

function isReadOnly(error: unknown): boolean {
  return error instanceof UnavailableError && error.code === 'ERR_REPLAY_STORE_READ_ONLY';
}
