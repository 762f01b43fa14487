import { createRevocationList, type Revocation, RevocationError, type RevocationList } from '@gatehouse/core';
import type { Change, Known } from './revocation-memory.ts';

/** What this process knows of revocations: what Redis has told it, and what it has not yet told Redis. */
export interface Replica {
  readonly list: RevocationList;
  /** Entries of our own that Redis has not confirmed. */
  readonly unconfirmed: ReadonlyMap<string, Revocation>;
  /** Whether there was no room for something: what is missing is not known. */
  readonly isOverfull: boolean;
  /** How many changes were not taken, because they cannot be read. */
  readonly unreadable: number;
  /** The entry with this id, as it is known now; the given one if there is none. */
  findLatest(entry: Revocation): Revocation;
  /** An entry of our own; resolves with what it became together with what was known. @throws RevocationError when there is no room for it */
  hold(entry: Revocation): Promise<Revocation>;
  /** What was held has reached Redis. What is held of the same target since then has not. */
  confirm(held: Revocation): void;
  /** Takes an entry away, unless it was revoked again since; false where there is none. */
  lift(entry: Revocation): Promise<boolean>;
  /** What becomes of an entry of our own where Redis has something else of the same target: it is weaker than neither. */
  meet(held: Revocation): (found: Known) => Promise<Revocation>;
  apply(change: Change): Promise<void>;
  /** Takes all that there is. Nothing that is known is let go of, because Redis tells what was lifted. */
  applyAll(changes: AsyncIterable<Change>, note: (change: Change) => void): Promise<void>;
}

export function createReplica(maxEntries: number): Replica {
  const list = createRevocationList({ maxEntries });
  const unconfirmed = new Map<string, Revocation>();
  let isOverfull = false;
  let unreadable = 0;

  /** False when there was no room. */
  async function take(change: Change): Promise<boolean> {
    if (change.kind === 'unreadable') unreadable += 1;
    else if (change.kind === 'lifted') await lift(change.entry);
    else return add(list, change.entry);
    return true;
  }

  async function lift(entry: Revocation): Promise<boolean> {
    const [known] = findAll(list, entry);
    return known !== undefined && known.at <= entry.at && list.lift(known);
  }

  async function apply(change: Change): Promise<void> {
    if (!(await take(change))) isOverfull = true;
  }

  const findLatest = (entry: Revocation): Revocation => findAll(list, entry)[0] ?? entry;

  return {
    list,
    get isOverfull() {
      return isOverfull;
    },
    get unreadable() {
      return unreadable;
    },
    unconfirmed,
    findLatest,
    async hold(entry) {
      await list.add(entry);
      const held = findLatest(entry);
      unconfirmed.set(held.id, held);
      return held;
    },
    confirm(held) {
      if (unconfirmed.get(held.id) === held) unconfirmed.delete(held.id);
    },
    async lift(entry) {
      const own = unconfirmed.get(entry.id);
      if (own !== undefined && own.at <= entry.at) unconfirmed.delete(entry.id);
      return lift(entry);
    },
    meet: (held) => async (found) => {
      // Whoever revokes again means it, even by a clock that is behind.
      const at = new Date(Math.max(held.at.getTime(), found.entry.at.getTime() + 1));
      await apply({ kind: 'revoked', entry: found.kind === 'lifted' ? { ...held, at } : found.entry });
      return findLatest(held);
    },
    apply,
    async applyAll(changes, note) {
      let hasRoom = true;
      for await (const change of changes) {
        hasRoom = (await take(change)) && hasRoom;
        isOverfull ||= !hasRoom;
        note(change);
      }
      isOverfull = !hasRoom;
    },
  };
}

/** False when there was no room. */
async function add(list: RevocationList, entry: Revocation): Promise<boolean> {
  try {
    await list.add(entry);
    return true;
  } catch (error) {
    if (!(error instanceof RevocationError)) throw error;
    return false;
  }
}

/** Every entry with the id of this one: one or none. */
function findAll(list: RevocationList, entry: Revocation): readonly Revocation[] {
  return [...list.list(entry)].filter(({ id }) => id === entry.id);
}
