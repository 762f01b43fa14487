import { availableParallelism } from 'node:os';
// Not the global one, which tests of users replace: every turn would seem to be the same one under a clock that stands still.
import { setImmediate } from 'node:timers';
import type { Ready } from '../ready.ts';

/** Work that takes about as long as to hand it to another thread, and can be done on either. */
interface ThreadWork<Result> {
  /** Does it now, on this thread. Undefined where it would stop the process for too long. */
  readonly here: (() => Result) | undefined;
  /** Does it on a thread of Node's pool. Calls back in a later turn of the event loop. */
  onPool(done: (error: Error | null, result: Result) => void): void;
}

/**
 * Does each piece of work where it is done sooner: here the first in a turn of the event loop, while there is none on the
 * pool, and the others on the pool. What is done here is done at once, so that nothing has to wait for it.
 *
 * On two cores of a virtual machine, an ES256 verification takes 1.0 here; one at a time on the pool 1.5, of which threads
 * that are woken are the rest, and 1.2 of processor time; four at a time 0.6 each, and sixteen 0.55, at 1.07. So the pool
 * pays from the third on, and a loop that is so busy that two come in one turn has found that it needs the pool.
 *
 * Where the process has one core, the pool has none of its own and never pays. It gets what more than so many in a turn
 * would be, so that a turn has an end, and the queue in front of it makes holders take turns.
 */
export type ThreadChoice = <Result>(work: ThreadWork<Result>) => Ready<Result>;

/** ES256 takes 0.07 to 0.14 ms. A server that gets as many requests in one turn takes longer than that to read them. */
const mostHereOnOneCore = 64;

export function createThreadChoice(cores: number = availableParallelism()): ThreadChoice {
  const isOneCore = cores === 1;
  const mostHere = isOneCore ? mostHereOnOneCore : 1;
  let onPool = 0;
  /** In this turn. */
  let doneHere = 0;

  function endTurn(): void {
    doneHere = 0;
  }

  function send<Result>(work: ThreadWork<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      work.onPool((error, result) => {
        onPool -= 1;
        if (error === null) resolve(result);
        else reject(error);
      });
      // Not where it throws.
      onPool += 1;
    });
  }

  return (work) => {
    const { here } = work;
    const isFree = doneHere < mostHere && (isOneCore || onPool === 0);
    if (here === undefined || !isFree) return send(work);
    if (doneHere === 0) setImmediate(endTurn);
    doneHere += 1;
    return here();
  };
}
