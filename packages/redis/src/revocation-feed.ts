import { type Revocation, UnavailableError } from '@gatehouse/core';
import { type Known, type MemoryStatus, type Placed, type RevocationMemory, readSeconds } from './revocation-memory.ts';
import type { Replica } from './revocation-replica.ts';
import { blindSurvey, createSurvey } from './revocation-survey.ts';

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
/** How many entries are given back to Redis before news is looked for. */
const mostGivenBack = 250;
/** Who had no room for everything looks again after that: entries end, and are lifted. */
const restSeconds = 5;

export function startFeed(memory: RevocationMemory, replica: Replica): Feed {
  let position: Position | undefined;
  /** Whether something may be missing that came before that. */
  let hasGap = false;
  let readAllAt = Number.NEGATIVE_INFINITY;
  /** What Redis lacks of what is known. */
  let missing: Revocation[] = [];
  /** The memory to vouch for, once nothing is missing. */
  let unvouched: string | undefined;
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
        else hasGap = true;
        for (const { reject } of waiting) reject(error);
        waiting.clear();
        await pause();
      }
    }
  }

  async function takeTurn(): Promise<void> {
    const askedAt = performance.now();
    status = await memory.status();
    const isStuffed = replica.isOverfull && performance.now() - readAllAt > restSeconds * 1000;
    if (position === undefined || hasGap || isStuffed || isAnother(status, position)) {
      position = await synchronize(status, position);
      hasGap = false;
    }
    failure = undefined;
    if (!isTrusted) isTrusted = status.isVouchedFor;
    if (position.count >= status.count) noteKnown(askedAt);
    await passOn([...replica.unconfirmed.values()]);
    await giveBack();
    // The least that counts as waiting.
    const changes = await memory.read(position.id, missing.length === 0 ? readSeconds : 0.001);
    position = await apply(changes, position);
    // What was counted is not in the stream.
    if (changes.length === 0 && position.count < status.count) hasGap = true;
  }

  async function apply(changes: readonly Placed[], from: Position): Promise<Position> {
    let reached = from;
    for (const change of changes) {
      const { id, count = reached.count } = change;
      // Something is missing, which the stream has dropped or never had: all is read again.
      if (count > reached.count + 1) {
        hasGap = true;
        return reached;
      }
      await replica.apply(change);
      reached = { ...reached, id, count };
    }
    return reached;
  }

  /**
   * Reads everything. What was lifted is there to be read, so that what Redis lacks of what is known is lost, by whatever,
   * and is given back.
   */
  async function synchronize(now: MemoryStatus, before: Position | undefined): Promise<Position> {
    const [known] = replica.list.list();
    const survey = known === undefined ? blindSurvey : createSurvey();
    await replica.applyAll(memory.scan(), survey.note);
    readAllAt = performance.now();
    missing = await survey.findMissing(replica.list.list());
    if (before !== undefined && now.epoch !== before.epoch) {
      isTrusted = isTrusted && lagSeconds() <= mostSecondsToVouch;
      unvouched = isTrusted && !now.isVouchedFor ? now.epoch : undefined;
    }
    const { epoch, replicationId, lastId, count } = now;
    return { epoch, replicationId, id: lastId, count };
  }

  /** Some of what Redis lacks, and the word that it has everything after the last of it. */
  async function giveBack(): Promise<void> {
    const some = missing.slice(-mostGivenBack);
    await Promise.all(some.map((entry) => memory.put(replica.findLatest(entry), 0, meetAgain)));
    missing.splice(missing.length - some.length);
    if (missing.length > 0 || unvouched === undefined) return;
    await memory.vouch(unvouched);
    unvouched = undefined;
  }

  /** It may have been lifted since. */
  async function meetAgain({ kind, entry }: Known): Promise<Revocation | undefined> {
    await replica.apply({ kind, entry });
    const latest = replica.findLatest(entry);
    return kind === 'lifted' && latest.at <= entry.at ? undefined : latest;
  }

  async function passOn(held: readonly Revocation[]): Promise<void> {
    for (const entry of held) {
      await memory.put(replica.findLatest(entry), 0, replica.meet(entry));
      replica.confirm(entry);
    }
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

function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, pauseMilliseconds).unref();
  });
}
