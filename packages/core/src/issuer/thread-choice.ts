// Not the global one, which tests of users replace: nothing would ever be verified under a clock that stands still.
import { setImmediate } from 'node:timers';

/** Work that takes about as long as to hand it to another thread, and can be done on either. */
interface ThreadWork<Result> {
  /** Does it now, on this thread. Undefined where it would stop the process for too long. */
  readonly here: (() => Result) | undefined;
  /** Does it on a thread of Node's pool. Calls back in a later turn of the event loop. */
  onPool(done: (error: Error | null, result: Result) => void): void;
}

/**
 * Does each piece of work where it is done sooner. Work that is alone, with none on the pool and no other in the same turn
 * of the event loop, is done here when the turn ends; work that comes together goes to the pool, all of it.
 *
 * On two cores of a virtual machine, an ES256 verification takes 1.0 here; one at a time on the pool 1.5, of which threads
 * that are woken are the rest, and 1.2 of processor time; four at a time 0.6 each, and sixteen 0.55, at 1.07. So the pool
 * pays from the third on. A turn in which work was done here is longer by one verification and never by more, whoever sends
 * how much; and a loop that is so busy that two come in one turn has found that it needs the pool.
 */
export type ThreadChoice = <Result>(work: ThreadWork<Result>) => Promise<Result>;

export function createThreadChoice(): ThreadChoice {
  let onPool = 0;
  /** Sends the work to the pool that came in this turn, as long as it is alone. */
  let sendFirst: (() => void) | undefined;

  return <Result>(work: ThreadWork<Result>) =>
    new Promise<Result>((resolve, reject) => {
      function send(): void {
        onPool += 1;
        try {
          work.onPool((error, result) => {
            onPool -= 1;
            if (error === null) resolve(result);
            else reject(error);
          });
        } catch (error) {
          onPool -= 1;
          reject(error);
        }
      }

      function doHere(here: () => Result): void {
        if (sendFirst !== send) return;
        sendFirst = undefined;
        try {
          resolve(here());
        } catch (error) {
          reject(error);
        }
      }

      const first = sendFirst;
      if (onPool === 0 && first === undefined && work.here !== undefined) {
        sendFirst = send;
        setImmediate(doHere, work.here);
        return;
      }
      sendFirst = undefined;
      first?.();
      send();
    });
}
