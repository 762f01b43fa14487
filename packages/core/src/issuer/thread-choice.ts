/** Work that takes about as long as to hand it to another thread, and can be done on either. */
export interface ThreadWork<Result> {
  /** Does it now, on this thread. Undefined where it would stop the process for too long. */
  readonly here: (() => Result) | undefined;
  /** Does it on a thread of Node's pool. Calls back in a later turn of the event loop. */
  onPool(done: (error: Error | null, result: Result) => void): void;
}

/**
 * Does each piece of work where it is done sooner. Work that is alone, with none on the pool and no other in the same turn
 * of the event loop, is done here when the turn ends; work that comes together goes to the pool, all of it.
 *
 * Handing one ES256 verification to the pool and being woken by its result takes half as long as the verification, and a
 * fifth more of the processors; from four at once on, two cores do nearly twice as many that way. A turn in which work was
 * done here is longer by one verification and never by more, whoever sends how much; and a loop that is so busy that two
 * requests come in one turn has found that it needs the pool.
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
