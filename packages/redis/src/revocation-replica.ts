import { createRevocationList, type Revocation, RevocationError, type RevocationList } from '@gatehouse/core';
import type { Change } from './revocation-memory.ts';

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
  /** An entry of our own. @throws RevocationError when there is no room for it */
  hold(entry: Revocation): Promise<void>;
  confirm(entry: Revocation): void;
  apply(change: Change): Promise<void>;
  /** Begins anew, with what Redis has not confirmed and what is held from now on. `list` stays as it is until `adopt`. */
  prepare(): Draft;
}

/** A replica in the making. */
interface Draft {
  apply(change: Change): Promise<void>;
  /** Puts it in the place of what was known. */
  adopt(): void;
}

interface Holding {
  readonly list: RevocationList;
  isOverfull: boolean;
}

export function createReplica(maxEntries: number): Replica {
  let holding: Holding = { list: createRevocationList({ maxEntries }), isOverfull: false };
  let draft: Holding | undefined;
  const unconfirmed = new Map<string, Revocation>();
  let unreadable = 0;

  async function applyTo(target: Holding, change: Change): Promise<void> {
    if (change.kind === 'unreadable') {
      unreadable += 1;
    } else if (change.kind === 'revoked') {
      await add(target, change.entry);
    } else {
      const [known] = findAll(target.list, change.entry);
      // What was revoked again since is not meant.
      if (known !== undefined && known.at <= change.entry.at) await target.list.lift(known);
    }
  }

  return {
    get list() {
      return holding.list;
    },
    get isOverfull() {
      return holding.isOverfull;
    },
    get unreadable() {
      return unreadable;
    },
    unconfirmed,
    findLatest: (entry) => findAll(holding.list, entry)[0] ?? entry,
    async hold(entry) {
      await holding.list.add(entry);
      unconfirmed.set(entry.id, entry);
      if (draft !== undefined) await add(draft, entry);
    },
    confirm({ id }) {
      unconfirmed.delete(id);
    },
    apply: (change) => applyTo(holding, change),
    prepare() {
      const next: Holding = { list: createRevocationList({ maxEntries }), isOverfull: false };
      draft = next;
      for (const entry of unconfirmed.values()) void add(next, entry);
      return {
        apply: (change) => applyTo(next, change),
        adopt() {
          holding = next;
          draft = undefined;
        },
      };
    },
  };
}

async function add(target: Holding, entry: Revocation): Promise<void> {
  try {
    await target.list.add(entry);
  } catch (error) {
    if (!(error instanceof RevocationError)) throw error;
    target.isOverfull = true;
  }
}

/** Every entry with the id of this one: one or none. */
function findAll(list: RevocationList, entry: Revocation): readonly Revocation[] {
  return [...list.list(entry)].filter(({ id }) => id === entry.id);
}
