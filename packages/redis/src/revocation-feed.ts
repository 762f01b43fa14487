import { type Revocation, UnavailableError } from '@gatehouse/core';
import { type MemoryStatus, type Placed, type RevocationMemory, readSeconds } from './revocation-memory.ts';
import type { Replica } from './revocation-replica.ts';

/** Keeps what this process knows in step with what all know. */
export interface Feed {
  /** How long ago everything was known; infinite as long as it never was. */
  readonly lagSeconds: number;
  /**
   * Tokens that were issued before may have been revoked in a memory that is lost: seconds since the epoch. Undefined where
   * nothing is lost.
   */
  readonly lostBefore: number | undefined;
  /** Why nothing is learned at the moment. */
  readonly failure: UnavailableError['code'] | undefined;
  /** How many replicas Redis had when it was last looked at. */
  readonly replicas: number;
  /** Resolves when everything is known. Rejects with an `UnavailableError` when the first attempt has failed. */
  ready(): Promise<void>;
  /** Says of the present memory that nothing is missing in it. */
  vouch(): Promise<void>;
  close(): void;
}

/** Until where the stream is known, and of which memory. */
interface Position extends Pick<MemoryStatus, 'epoch' | 'replicationId'> {
  readonly id: string;
  readonly count: number;
}

/** Who was away for longer may have missed what others revoked, and cannot vouch for a memory that was lost meanwhile. */
const mostSecondsToVouch = 300;
/** Clocks of issuers may be ahead of that of Redis. */
const aheadSeconds = 10;
const pauseMilliseconds = 100;

export function startFeed(memory: RevocationMemory, replica: Replica): Feed {
  let position: Position | undefined;
  let status: MemoryStatus | undefined;
  /** When everything was known, by a clock that is not set. */
  let knownAt = Number.NEGATIVE_INFINITY;
  /** Whether nothing was lost before what is known. */
  let isTrusted = false;
  let failure: UnavailableError['code'] | undefined;
  let isClosed = false;
  const waiting = new Set<{ resolve(): void; reject(error: unknown): void }>();

  const lagSeconds = () => (performance.now() - knownAt) / 1000;

  /** Everything that there was at that moment is known. */
  function noteKnown(at: number): void {
    knownAt = at;
    for (const { resolve } of waiting) resolve();
    waiting.clear();
  }

  async function follow(): Promise<void> {
    while (!isClosed) {
      try {
        await memory.connected();
        await takeTurn();
      } catch (error) {
        if (error instanceof UnavailableError) failure = error.code;
        else position = undefined;
        for (const { reject } of waiting) reject(error);
        waiting.clear();
        await pause();
      }
    }
  }

  async function takeTurn(): Promise<void> {
    const askedAt = performance.now();
    status = await memory.status();
    if (position === undefined || isAnother(status, position)) position = await synchronize(status, position);
    failure = undefined;
    if (!isTrusted) isTrusted = status.isVouchedFor;
    if (position.count >= status.count) noteKnown(askedAt);
    await passOn([...replica.unconfirmed.values()]);
    const changes = await memory.read(position.id);
    await apply(changes);
    // What was counted is not in the stream.
    if (changes.length === 0 && position.count < status.count) position = undefined;
  }

  async function apply(changes: readonly Placed[]): Promise<void> {
    for (const change of changes) {
      if (position === undefined) return;
      const { id, count = position.count } = change;
      // Something is missing, which the stream has dropped or never had: all is read again.
      if (change.count !== undefined && count > position.count + 1) {
        position = undefined;
        return;
      }
      await replica.apply(change);
      position = { ...position, id, count };
    }
  }

  /**
   * Reads everything. After a loss, what was known before stays, and what Redis lacks of it is written again; without one,
   * what Redis does not have was lifted.
   */
  async function synchronize(now: MemoryStatus, before: Position | undefined): Promise<Position> {
    const hasLost = before !== undefined && isAnother(now, before);
    const draft = hasLost ? replica : replica.prepare();
    const stored = new Map<string, number>();
    for await (const change of memory.scan()) {
      await draft.apply(change);
      if (change.kind === 'revoked') stored.set(change.entry.id, strengthOf(change.entry));
    }
    if ('adopt' in draft) draft.adopt();
    if (hasLost) {
      await passOn([...replica.list.list()].filter((entry) => stored.get(entry.id) !== strengthOf(entry)));
      await vouchIfKnown(now, before);
    }
    const { epoch, replicationId, lastId, count } = now;
    return { epoch, replicationId, id: lastId, count };
  }

  async function vouchIfKnown(now: MemoryStatus, before: Position): Promise<void> {
    if (now.epoch === before.epoch) return;
    isTrusted = isTrusted && lagSeconds() <= mostSecondsToVouch;
    if (isTrusted && !now.isVouchedFor) await memory.vouch(now.epoch);
  }

  async function passOn(entries: readonly Revocation[]): Promise<void> {
    for (const entry of entries) {
      await memory.put(replica.findLatest(entry), 0, merge);
      replica.confirm(entry);
    }
  }

  async function merge(other: Revocation): Promise<Revocation> {
    await replica.apply({ kind: 'revoked', entry: other });
    return replica.findLatest(other);
  }

  void follow();

  return {
    get lagSeconds() {
      return lagSeconds();
    },
    get lostBefore() {
      return isTrusted || status === undefined ? undefined : status.from + aheadSeconds;
    },
    get failure() {
      return failure;
    },
    get replicas() {
      return status?.replicas ?? 0;
    },
    ready() {
      if (lagSeconds() < 2 * readSeconds) return Promise.resolve();
      return new Promise((resolve, reject) => waiting.add({ resolve, reject }));
    },
    async vouch() {
      if (status === undefined) throw new UnavailableError('ERR_REVOCATIONS_BEHIND', 1);
      await memory.vouch(status.epoch);
      isTrusted = true;
    },
    close() {
      isClosed = true;
      for (const { reject } of waiting) reject(new UnavailableError('ERR_REVOCATIONS_BEHIND', 1));
      waiting.clear();
    },
  };
}

/** A memory that is not the one that was known, or has lost something of it. */
function isAnother(now: MemoryStatus, before: Position): boolean {
  return now.epoch !== before.epoch || now.replicationId !== before.replicationId || now.count < before.count;
}

/** Changes with whatever makes an entry stronger. */
function strengthOf({ issuedBefore, expiresAt }: Revocation): number {
  return issuedBefore.getTime() + expiresAt.getTime();
}

function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, pauseMilliseconds).unref();
  });
}
