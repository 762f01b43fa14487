import { TooManyRequestsError, UnavailableError } from '../errors.ts';
import { type Ready, whenFailed, whenReady } from '../ready.ts';

/**
 * Bounds how many signatures are verified at once, and how many requests wait for that. Whoever sends many at once is
 * served as long as there is room, in turns with everybody else: one from each holder that waits, then the next from each.
 */
export interface VerificationQueue {
  /**
   * Runs `verify` now or when it is the holder's turn.
   *
   * @param holder whose request it is: the thumbprint of the proof's key
   * @throws TooManyRequestsError when no room is left and no holder has more waiting than this one would; or later, for the
   *   latest request of the holder with the most, when somebody else needs its place
   * @throws UnavailableError after `close`, and for what waits then
   */
  run<Result>(holder: string, verify: () => Ready<Result>): Ready<Result>;
  /** What runs is finished; nothing more begins. */
  close(): void;
}

interface Waiter {
  readonly start: () => void;
  readonly refuse: (error: Error) => void;
}

interface Holder {
  readonly name: string;
  readonly line: Line<Waiter>;
  /** Where it stands in its rank. */
  place: number;
}

/** A queue moves on within a second. */
const retryAfterSeconds = 1;

export function createVerificationQueue(bounds: {
  /** The most that run at once; at least 1. */
  readonly inFlight: number;
  /** The most that wait, of all holders together. */
  readonly waiting: number;
}): VerificationQueue {
  /** Those with somebody waiting. Each of them is in `turns` once, and in one of the ranks. */
  const holders = new Map<string, Holder>();
  const turns = new Line<Holder>();
  /** `ranks[n - 1]`: the holders with n waiting. The last one is never empty: `ranks.length` is the most of anybody. */
  const ranks: Holder[][] = [];
  let inFlight = 0;
  let waiting = 0;
  let isClosed = false;

  function wait(name: string): Promise<void> {
    const known = holders.get(name);
    if (waiting >= bounds.waiting) makeRoom(known?.line.length ?? 0);
    const holder = known ?? addHolder(name);
    return new Promise((start, refuse) => {
      leaveRank(holder);
      holder.line.push({ start, refuse });
      enterRank(holder);
      waiting += 1;
    });
  }

  function addHolder(name: string): Holder {
    const holder = { name, line: new Line<Waiter>(), place: 0 };
    holders.set(name, holder);
    turns.push(holder);
    return holder;
  }

  /** At the cost of whoever has the most waiting: of the newcomer, who has this many already, where nobody has more. */
  function makeRoom(newcomers: number): void {
    const error = new TooManyRequestsError('ERR_HOLDER_LIMIT', retryAfterSeconds);
    const most = ranks.at(-1)?.at(-1);
    if (most === undefined || most.line.length <= newcomers + 1) throw error;
    leaveRank(most);
    most.line.pop()?.refuse(error);
    enterRank(most);
    waiting -= 1;
  }

  /** The one whose turn it is. */
  function takeNext(): Waiter | undefined {
    const holder = turns.shift();
    if (holder === undefined) return undefined;
    leaveRank(holder);
    const waiter = holder.line.shift();
    enterRank(holder);
    waiting -= 1;
    if (holder.line.length > 0) turns.push(holder);
    else holders.delete(holder.name);
    return waiter;
  }

  /** Before a line becomes longer or shorter by one; the last of the rank takes the place that becomes free. */
  function leaveRank(holder: Holder): void {
    if (holder.line.length === 0) return;
    const rank = ranks[holder.line.length - 1];
    const last = rank?.pop();
    if (rank === undefined || last === undefined || last === holder) return;
    rank[holder.place] = last;
    last.place = holder.place;
  }

  function enterRank(holder: Holder): void {
    if (holder.line.length > 0) {
      const index = holder.line.length - 1;
      const rank = ranks[index] ?? [];
      ranks[index] = rank;
      holder.place = rank.push(holder) - 1;
    }
    if (ranks.at(-1)?.length === 0) ranks.pop();
  }

  /** In the place that `inFlight` counts for it already, which is let go of at the end. */
  function runInPlace<Result>(verify: () => Ready<Result>): Ready<Result> {
    const result = whenFailed(verify, (error) => {
      leave();
      throw error;
    });
    return whenReady(result, (verified) => {
      leave();
      return verified;
    });
  }

  /** Whoever is next takes over what is free now. */
  function leave(): void {
    const next = takeNext();
    if (next === undefined) inFlight -= 1;
    else next.start();
  }

  return {
    run(holder, verify) {
      if (isClosed) throw new UnavailableError('ERR_VERIFIER_CLOSED', retryAfterSeconds);
      if (inFlight >= bounds.inFlight) return wait(holder).then(() => runInPlace(verify));
      inFlight += 1;
      return runInPlace(verify);
    },
    close() {
      isClosed = true;
      const error = new UnavailableError('ERR_VERIFIER_CLOSED', retryAfterSeconds);
      for (let waiter = takeNext(); waiter !== undefined; waiter = takeNext()) waiter.refuse(error);
    },
  };
}

/** First come, first served. An array's own `shift` moves all the others in a long one. */
class Line<Item> {
  #items: Item[] = [];
  #first = 0;

  get length(): number {
    return this.#items.length - this.#first;
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  /** Takes the first. */
  shift(): Item | undefined {
    const item = this.#items[this.#first];
    if (item === undefined) return undefined;
    this.#first += 1;
    if (this.#first * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
    return item;
  }

  /** Takes the last, of a line that is not empty. */
  pop(): Item | undefined {
    return this.#items.pop();
  }
}
