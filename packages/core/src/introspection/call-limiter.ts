import { UnavailableError } from '../errors.ts';

/** `known`: the token was active before, or its signature was verified. Anybody can send tokens that are not. */
export type Standing = 'known' | 'unknown';

export const standings: readonly Standing[] = ['known', 'unknown'];

/**
 * Bounds how many calls are under way, how many begin in a second, and how many wait for that. Unknown tokens get half of
 * each at the most, so that a flood of them delays no call for a known one. Those that wait begin in the order in which
 * they came, except that nobody waits for an unknown one that may not begin yet.
 */
export interface CallLimiter {
  /**
   * Makes the call now, or when its turn comes.
   *
   * @throws UnavailableError (in the promise) when there is no place to wait in, or it waited for too long
   */
  run<Result>(standing: Standing, call: () => Promise<Result>): Promise<Result>;
  /** Refuses those that wait. */
  refuseWaiting(standing: Standing, fault: UnavailableError): void;
  readonly inFlight: number;
  readonly waiting: number;
}

interface Waiter {
  readonly standing: Standing;
  /** Counts up as they come. */
  readonly number: number;
  readonly begin: () => void;
  readonly refuse: (fault: UnavailableError) => void;
}

/** What waits is gone after `waitSeconds`, at most ten of them; then there is room again. */
const retryAfterSeconds = 1;

export function createCallLimiter(options: {
  readonly callsInFlight: number;
  readonly callsPerSecond: number;
  readonly waitSeconds: number;
  readonly now: () => number;
}): CallLimiter {
  const { callsInFlight, callsPerSecond, waitSeconds, now } = options;
  const all = createShare(callsInFlight, callsPerSecond, now);
  const ofUnknown = createShare(Math.floor(callsInFlight / 2), callsPerSecond / 2, now);
  /** What a call for such a token takes a slot of. */
  const sharesOf = { known: [all], unknown: [all, ofUnknown] };
  const lines = { known: new Set<Waiter>(), unknown: new Set<Waiter>() };
  /** As many as can begin before they have waited for too long. */
  const places = {
    known: Math.ceil(callsPerSecond * waitSeconds),
    unknown: Math.ceil((callsPerSecond / 2) * waitSeconds),
  };
  let arrivals = 0;
  let alarm: NodeJS.Timeout | undefined;

  function wait(standing: Standing): Promise<void> {
    const line = lines[standing];
    if (line.size >= places[standing]) throw busy();
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => waiter.refuse(busy()), waitSeconds * 1000);
      const leave = () => {
        clearTimeout(deadline);
        line.delete(waiter);
      };
      const waiter: Waiter = {
        standing,
        number: arrivals,
        begin() {
          leave();
          resolve();
        },
        refuse(fault) {
          leave();
          reject(fault);
        },
      };
      arrivals += 1;
      line.add(waiter);
      setAlarm();
    });
  }

  function take(standing: Standing): boolean {
    const shares = sharesOf[standing];
    if (!shares.every((share) => share.secondsUntilFree() === 0)) return false;
    for (const share of shares) share.take();
    return true;
  }

  function give(standing: Standing): void {
    for (const share of sharesOf[standing]) share.give();
    beginWaiting();
  }

  /** Everybody who may. */
  function beginWaiting(): void {
    while (beginFirst());
    setAlarm();
  }

  /** Of those at the head of the lines, the one that came first, unless it may not begin yet and the other may. */
  function beginFirst(): boolean {
    const heads = standings.flatMap((standing) => {
      const [head] = lines[standing];
      return head === undefined ? [] : [head];
    });
    heads.sort((one, other) => one.number - other.number);
    const next = heads.find(({ standing }) => take(standing));
    next?.begin();
    return next !== undefined;
  }

  /** Whoever waits for the next second, and not for a call to end, has to be woken. */
  function setAlarm(): void {
    clearTimeout(alarm);
    const delays = standings
      .filter((standing) => lines[standing].size > 0)
      .map((standing) => Math.max(...sharesOf[standing].map((share) => share.secondsUntilFree())));
    const soonest = Math.min(...delays);
    if (soonest < Infinity) alarm = setTimeout(beginWaiting, Math.ceil(soonest * 1000));
  }

  return {
    async run(standing, call) {
      if (lines[standing].size > 0 || !take(standing)) await wait(standing);
      try {
        return await call();
      } finally {
        give(standing);
      }
    },
    refuseWaiting(standing, fault) {
      for (const waiter of lines[standing]) waiter.refuse(fault);
      setAlarm();
    },
    get inFlight() {
      return all.inFlight;
    },
    get waiting() {
      return lines.known.size + lines.unknown.size;
    },
  };
}

/** A number of calls at once, and a number of calls in a second: of those that were not made, at most a second's are saved up. */
interface Share {
  /** 0 when a call may begin; Infinity when one has to end before. */
  secondsUntilFree(): number;
  /** For a share that is free. */
  take(): void;
  /** A call has ended. */
  give(): void;
  readonly inFlight: number;
}

function createShare(slots: number, perSecond: number, now: () => number): Share {
  let inFlight = 0;
  let saved = perSecond;
  let countedAt = now();

  function count(): void {
    const time = now();
    const elapsedSeconds = (time - countedAt) / 1000;
    // Nothing is saved up by a clock that was set back, nor lost by one that says nothing for a while (NaN).
    if (elapsedSeconds > 0) saved = Math.min(perSecond, saved + elapsedSeconds * perSecond);
    if (!Number.isNaN(time)) countedAt = time;
  }

  return {
    secondsUntilFree() {
      if (inFlight >= slots) return Infinity;
      count();
      return Math.max(0, (1 - saved) / perSecond);
    },
    take() {
      inFlight += 1;
      saved -= 1;
    },
    give() {
      inFlight -= 1;
    },
    get inFlight() {
      return inFlight;
    },
  };
}

function busy(): UnavailableError {
  return new UnavailableError('ERR_INTROSPECTION_BUSY', retryAfterSeconds);
}
