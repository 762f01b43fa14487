import { z } from 'zod';
import { environmentShape } from '../environment.ts';
import { RevocationError, UnavailableError } from '../errors.ts';
import { type Complete, parseSettings } from '../schema.ts';
import { fileTarget, type Revocation, type RevocationTarget, unfileTarget, writeId } from './revocation.ts';
import { type FiledRevocation, mergeRevocations, type RevocableToken, RevocationTable } from './revocation-table.ts';

export interface RevocationListOptions {
  /** The most entries that are held at once, 1 to 10000000, at about 200 bytes each. Default 1000000. */
  readonly maxEntries?: number | undefined;
  /** Milliseconds since the epoch. Default: `Date.now`. */
  readonly now?: (() => number) | undefined;
}

/** What a probe wants to know of a revocation list. */
export interface RevocationListHealth {
  /**
   * How many it holds, of `maxEntries` at the most. Those that have expired count until they are let go of, which they are
   * when others are added.
   */
  readonly entries: number;
  /**
   * Of a list that learns from other processes: `current`; or `behind`, when it cannot say of every token whether it is
   * revoked.
   */
  readonly state?: 'current' | 'behind';
  /** How long ago it last knew everything. */
  readonly lagSeconds?: number;
  /** Entries that came and were not taken, because they cannot be read or nobody vouches for them. */
  readonly unreadable?: number;
  /** Why it learns nothing at the moment. */
  readonly code?: UnavailableError['code'];
}

/** Some entries, in no order. */
export interface RevocationPage {
  /** About a thousand, or fewer, or none: where they end says `next` alone. */
  readonly revocations: readonly Revocation[];
  /** For the next page. Absent on the last one. */
  readonly next?: string;
}

/**
 * What is revoked. It is asked on every request, for tokens that are remembered as well, and answers from memory.
 */
export interface RevocationList {
  /**
   * An entry that revokes this token, or undefined. Throws an `UnavailableError` when it has none and cannot know: the answer
   * is then 503, never success. With `ERR_REVOCATIONS_BEHIND` it says that others know more: an issuer that learns of all that is
   * revoked is then asked in its place, where the options of the issuer want that.
   */
  find(token: RevocableToken): Revocation | undefined;
  /**
   * Resolves once the entry counts, merged with the one of the same target and author so that neither becomes weaker.
   * Rejects when it cannot be held; nothing else is forgotten for it.
   */
  add(revocation: Revocation): Promise<void>;
  /** Takes the entry of the same target and author away; false where there is none. */
  lift(revocation: Revocation): Promise<boolean>;
  /** The entries that count now: of one target, or all. */
  list(target?: RevocationTarget): Iterable<Revocation>;
  /**
   * The entries that count now, a page at a time. One that is there from the first page to the last is on exactly one of
   * them, whatever else comes and goes. Each page is read at once, and where it ends means the same in every process that
   * shares the list.
   *
   * @param after `next` of the page before; the first page without
   * @returns undefined for a text that is no `next`
   */
  page(after?: string): RevocationPage | undefined;
  health(): RevocationListHealth;
  /** Resolves when it knows what is revoked elsewhere. `ready` of verifiers waits for it. */
  ready?(): Promise<void>;
  /** Lets go of connections, and does nothing when called again. */
  close?(): Promise<void>;
}

export const revocationListSchema: z.ZodType<Complete<RevocationListOptions>> = z.strictObject({
  maxEntries: z.int().min(1).max(10_000_000).default(1_000_000),
  now: environmentShape.now,
});

/** The least time between two walks over all entries, to let go of those that have expired. */
const sweepSeconds = 60;
/** How many entries are looked at in one step of such a walk: a million at once would hold up requests. */
const entriesOfStep = 4096;
/** How many entries a page has, and a few more. */
const entriesOfPage = 1000;
/** How long an entry is kept beyond its time, so that small corrections of the clock bring nothing back. */
const graceSeconds = 60;

const lists = new WeakSet<object>();

/** True for what `createRevocationList` of this very module has made. */
export function isMemoryRevocationList(list: RevocationList): boolean {
  return lists.has(list);
}

/**
 * Makes a revocation list in the memory of this process. Several verifiers may share one. A process that starts again
 * knows nothing of its life before.
 *
 * `add` rejects with a `RevocationError` when the list is full: nothing is forgotten before its time. `find` throws an
 * `UnavailableError` where the clock was set back by more than a minute, for tokens that entries which have gone may have been
 * about. Expired entries go with a later `add`, and none goes by a timer.
 *
 * @throws ConfigurationError with every problem of the options
 */
export function createRevocationList(options: RevocationListOptions = {}): RevocationList {
  const { maxEntries, now } = parseSettings('options of the revocation list', revocationListSchema, options);
  const table = new RevocationTable();
  /** When the last walk began, and how far it has come; undefined when it is at the end. */
  let sweptAt = Number.NEGATIVE_INFINITY;
  let walkedTo: number | undefined;
  /** What the entries that have gone were about, at most: tokens that were issued before, until then. */
  const forgotten = { issuedBefore: Number.NEGATIVE_INFINITY, until: Number.NEGATIVE_INFINITY };

  function forgetExpired(nowSeconds: number): void {
    if (walkedTo === undefined && Math.abs(nowSeconds - sweptAt) >= sweepSeconds) {
      walkedTo = 0;
      sweptAt = nowSeconds;
    }
    if (walkedTo !== undefined) walkedTo = sweep(walkedTo, nowSeconds);
    while (table.size >= maxEntries && walkedTo !== undefined) walkedTo = sweep(walkedTo, nowSeconds);
  }

  /** One step of a walk, from a place on to the next one. */
  function sweep(from: number, nowSeconds: number): number | undefined {
    const { values, next } = table.page(from, entriesOfStep);
    for (const entry of values) {
      if (entry.expiresAt + graceSeconds > nowSeconds) continue;
      forgotten.issuedBefore = Math.max(forgotten.issuedBefore, entry.issuedBefore);
      forgotten.until = Math.max(forgotten.until, entry.expiresAt);
      table.delete(entry, entry.author);
    }
    return next;
  }

  function* listCurrent(target: RevocationTarget | undefined): Generator<Revocation> {
    const nowSeconds = now() / 1000;
    for (const entry of target === undefined ? table.values() : table.about(fileTarget(target))) {
      if (entry.expiresAt > nowSeconds) yield publish(entry);
    }
  }

  const list: RevocationList = {
    find(token) {
      if (table.size === 0 && forgotten.until === Number.NEGATIVE_INFINITY) return undefined;
      const nowSeconds = now() / 1000;
      const found = table.find(token, nowSeconds);
      if (found !== undefined) return publish(found);
      if (nowSeconds < forgotten.until && token.issuedAt.getTime() / 1000 < forgotten.issuedBefore) {
        throw new UnavailableError('ERR_REVOCATIONS_FORGOTTEN', forgotten.until - nowSeconds);
      }
      return undefined;
    },
    async add(revocation) {
      const nowSeconds = now() / 1000;
      forgetExpired(nowSeconds);
      const entry = file(revocation);
      const known = table.get(entry, entry.author);
      // It would be about no token any more.
      if (known === undefined && entry.expiresAt <= nowSeconds) return;
      if (known === undefined && table.size >= maxEntries) throw new RevocationError('ERR_REVOCATION_LIST_FULL');
      table.set(known === undefined ? entry : mergeRevocations(known, entry));
    },
    lift: async (revocation) => table.delete(fileTarget(revocation), revocation.author),
    list: listCurrent,
    page(after = firstPlace) {
      if (!/^[0-9a-f]{8}$/.test(after)) return undefined;
      const nowSeconds = now() / 1000;
      const { values, next } = table.page(Number.parseInt(after, 16), entriesOfPage);
      const revocations = values.filter(({ expiresAt }) => expiresAt > nowSeconds).map(publish);
      return next === undefined ? { revocations } : { revocations, next: writePlace(next) };
    },
    health: () => ({ entries: table.size }),
  };
  lists.add(list);
  return list;
}

function writePlace(place: number): string {
  return place.toString(16).padStart(8, '0');
}

const firstPlace = writePlace(0);

function file(revocation: Revocation): FiledRevocation {
  return {
    ...fileTarget(revocation),
    author: revocation.author,
    reason: revocation.reason,
    at: revocation.at.getTime() / 1000,
    issuedBefore: Math.ceil(revocation.issuedBefore.getTime() / 1000),
    expiresAt: Math.ceil(revocation.expiresAt.getTime() / 1000),
  };
}

function publish(entry: FiledRevocation): Revocation {
  return {
    id: writeId(entry, entry.author),
    ...unfileTarget(entry),
    issuedBefore: toDate(entry.issuedBefore),
    expiresAt: toDate(entry.expiresAt),
    at: toDate(entry.at),
    author: entry.author,
    ...(entry.reason === undefined ? {} : { reason: entry.reason }),
  };
}

/** To the millisecond, which a fraction of a second in binary may miss by a little. */
function toDate(seconds: number): Date {
  return new Date(Math.round(seconds * 1000));
}
