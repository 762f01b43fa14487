import { UnavailableError } from '../errors.ts';

export interface RenewableOptions<Value> {
  /** Gets the value that holds now; is told the one before. Rejects with an `UnavailableError`. */
  readonly load: (before: Value | undefined) => Promise<Value>;
  readonly now: () => number;
  /** How long a value is good. Near the end of it, whoever asks has it loaded again in the background. */
  readonly refreshSeconds: number;
  /** The least time between two loads that `renew` causes, and after one that failed. */
  readonly cooldownSeconds: number;
  /** How long a value serves while no other can be had. */
  readonly maxStaleSeconds: number;
}

/** A value, and when it was loaded, in milliseconds since the epoch. */
export interface Loaded<Value> {
  readonly value: Value;
  readonly at: number;
}

/** A value of somebody else's that is kept for a while: the keys of an issuer, or what a directory says of one. */
export interface Renewable<Value> {
  /** The value when it can be used without waiting; undefined means to ask `get`. */
  peek(): Loaded<Value> | undefined;
  /** The value: one load for all who wait. @throws UnavailableError when there is none, or only one that is too old */
  get(): Promise<Loaded<Value>>;
  /**
   * A newer value than this one, which was found wanting: one that came meanwhile, else one load, shared by all who wait;
   * undefined in the cooldown, when the one before is known not to have changed.
   *
   * @throws UnavailableError when the last load failed
   */
  renew(known: Loaded<Value>): Promise<Loaded<Value> | undefined>;
  /** Seconds since the value was loaded; undefined before the first. */
  ageSeconds(): number | undefined;
  /** Why the last load failed; undefined when it did not. */
  fault(): UnavailableError | undefined;
}

/** The part of its life after which a value is loaded again in the background. */
const renewalAge = 0.8;

/** While nobody waits for it, a load that fails is tried again after the cooldown, then after twice as long each time. */
const longestBackoffSeconds = 60;

export function createRenewable<Value>(options: RenewableOptions<Value>): Renewable<Value> {
  const { load, now, refreshSeconds, cooldownSeconds, maxStaleSeconds } = options;
  let loaded: Loaded<Value> | undefined;
  let fault: UnavailableError | undefined;
  let failures = 0;
  let underWay: Promise<Loaded<Value>> | undefined;
  /** When the cooldown began. A load that was due and went well begins none: its value may change the next moment. */
  let coolingSince = Number.NEGATIVE_INFINITY;

  function secondsSince(time: number): number {
    return (now() - time) / 1000;
  }

  /** A clock that was set back must not stop the loading. */
  function hasPassed(seconds: number, since: number): boolean {
    const elapsed = secondsSince(since);
    return elapsed < 0 || elapsed >= seconds;
  }

  function loadOnce(): Promise<Loaded<Value>> {
    underWay ??= load(loaded?.value)
      .then(keep, fail)
      .finally(() => {
        underWay = undefined;
      });
    return underWay;
  }

  function keep(value: Value): Loaded<Value> {
    fault = undefined;
    failures = 0;
    loaded = { value, at: now() };
    return loaded;
  }

  function fail(error: unknown): never {
    if (error instanceof UnavailableError) fault = error;
    failures += 1;
    coolingSince = now();
    throw error;
  }

  function mayLoad(): boolean {
    return underWay !== undefined || hasPassed(cooldownSeconds, coolingSince);
  }

  function loadInBackground(): void {
    const backoffSeconds = Math.min(cooldownSeconds * 2 ** Math.max(0, failures - 1), longestBackoffSeconds);
    const isDue = underWay === undefined && hasPassed(Math.max(cooldownSeconds, backoffSeconds), coolingSince);
    // Whatever becomes of it, the value serves on. `fault` keeps what went wrong.
    if (isDue) loadOnce().catch(() => undefined);
  }

  function remainingFault(error: UnavailableError): UnavailableError {
    const elapsed = Math.max(0, secondsSince(coolingSince));
    return new UnavailableError(error.code, cooldownSeconds - elapsed, { cause: error });
  }

  function peek(): Loaded<Value> | undefined {
    if (loaded === undefined) return undefined;
    const age = secondsSince(loaded.at);
    if (age >= maxStaleSeconds) return undefined;
    // A value at the end of its life is worth waiting for, unless it is known that there would be nothing at the end.
    if (age >= refreshSeconds && fault === undefined) return undefined;
    if (age < 0 || age >= refreshSeconds * renewalAge) loadInBackground();
    return loaded;
  }

  return {
    peek,
    async get() {
      const known = peek();
      if (known !== undefined) return known;
      if (fault !== undefined && !mayLoad()) throw remainingFault(fault);
      try {
        return await loadOnce();
      } catch (error) {
        const stale = peek();
        if (stale === undefined) throw error;
        return stale;
      }
    },
    async renew(known) {
      if (loaded !== undefined && loaded !== known) return loaded;
      if (mayLoad()) {
        coolingSince = now();
        return loadOnce();
      }
      if (fault !== undefined) throw remainingFault(fault);
      return undefined;
    },
    ageSeconds: () => loaded && Math.max(0, secondsSince(loaded.at)),
    fault: () => fault,
  };
}
