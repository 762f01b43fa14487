import { UnavailableError } from '../errors.ts';

/**
 * Stops asking an issuer that is out: that cannot be reached, does not answer in time, or refuses us. After a pause one
 * question is let through, whose end decides; each that fails makes the next pause longer.
 */
export interface Breaker {
  /** Why nothing is asked now, with the time that is left; undefined when the next question may be sent. */
  fault(): UnavailableError | undefined;
  /** To be called when a question is sent. What is called when it ends tells what became of it: undefined, where the issuer spoke. */
  send(hash: string): (outage: UnavailableError | undefined) => void;
  readonly state: BreakerState;
}

/** `closed`: questions are sent; `open`: none is; `half-open`: the pause is over, and one is, or will be. */
export type BreakerState = 'closed' | 'open' | 'half-open';

/** So many tokens in a row must have met an outage: one that makes the issuer hang is one, however often it comes. */
const tokensToOpen = 5;
const firstPauseSeconds = 1;
const longestPauseSeconds = 5;

interface Pause {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly seconds: number;
  readonly outage: UnavailableError;
}

/** @param onOpen is told why, each time that asking stops */
export function createBreaker(now: () => number, onOpen: (fault: UnavailableError) => void): Breaker {
  const hit = new Set<string>();
  let pause: Pause | undefined;
  let isProbing = false;

  function open(outage: UnavailableError, seconds: number): void {
    pause = { at: now(), seconds, outage };
    onOpen(repeat(outage, seconds));
  }

  function countOutage(hash: string, outage: UnavailableError): void {
    hit.add(hash);
    if (hit.size >= tokensToOpen) open(outage, firstPauseSeconds);
  }

  function close(): void {
    pause = undefined;
    hit.clear();
  }

  /** A pause is over, too, for a clock that was set back: it could last for as long as the clock was set back. */
  function secondsLeft({ at, seconds }: Pause): number {
    const elapsed = (now() - at) / 1000;
    return elapsed >= 0 ? Math.max(0, seconds - elapsed) : 0;
  }

  return {
    fault() {
      if (pause === undefined) return undefined;
      const left = secondsLeft(pause);
      return left > 0 || isProbing ? repeat(pause.outage, left) : undefined;
    },
    send(hash) {
      const isProbe = pause !== undefined;
      if (isProbe) isProbing = true;
      return (outage) => {
        if (isProbe) isProbing = false;
        if (outage === undefined) close();
        else if (pause === undefined) countOutage(hash, outage);
        else if (isProbe) open(outage, Math.min(pause.seconds * 2, longestPauseSeconds));
      };
    },
    get state() {
      if (pause === undefined) return 'closed';
      return secondsLeft(pause) > 0 ? 'open' : 'half-open';
    },
  };
}

function repeat(outage: UnavailableError, seconds: number): UnavailableError {
  return new UnavailableError(outage.code, seconds, { cause: outage });
}
