import { randomInt } from 'node:crypto';

/** Where proofs are presented. Answers `accepted`, or why not. */
export type Door = (proof: string) => Promise<string>;

/** What became of the proofs. */
export interface Report {
  /** New proofs, each presented at one door or at two at the same time. */
  readonly presented: number;
  /** Those of them that were accepted at once. */
  readonly accepted: number;
  /** The others, by the answer. None of them was presented before: each is a good one. */
  readonly refused: Readonly<Record<string, number>>;
  /** How many times a proof was presented that was presented before. */
  readonly resubmitted: number;
  /** Proofs that were accepted more than once. */
  readonly acceptedTwice: readonly string[];
}

/** Requests that go on until `stop`: good ones, and beside each of them one of whoever copied an older one. */
export interface Traffic extends AsyncDisposable {
  /**
   * Waits for an answer to a good request that was sent after this call.
   *
   * @param answer `accepted`, or a code
   * @param count how many of them. Default 1
   */
  see(answer: string, count?: number): Promise<void>;
  /** Ends the traffic, and presents each accepted proof at every door once more. */
  stop(): Promise<Report>;
}

const replayed = 'ERR_DPOP_REPLAYED';
/** Of good ones. As many copies come between them. */
const millisecondsBetweenRequests = 6;
/** For {@link Traffic.see}: the machine may be busy with other tests. */
const patienceMilliseconds = 40_000;

/**
 * Presents new proofs at doors in turn, without waiting for the answers, and used ones all the time. Some of the new ones
 * come to two doors at once; the used ones are recent ones and any ones, and come to any door.
 */
export function startTraffic(doors: readonly Door[], prove: () => Promise<string>): Traffic {
  const timesAccepted = new Map<string, number>();
  const presentedBefore: string[] = [];
  const refused: Record<string, number> = {};
  let presented = 0;
  let accepted = 0;
  let resubmitted = 0;
  const pending = new Set<Promise<unknown>>();
  const watchers = new Set<(sent: number, answer: string) => void>();
  const failures: unknown[] = [];

  async function present(proof: string, door: number): Promise<string> {
    const answer = (await doors[door % doors.length]?.(proof)) ?? 'There is no door.';
    if (answer === 'accepted') timesAccepted.set(proof, (timesAccepted.get(proof) ?? 0) + 1);
    return answer;
  }

  async function presentNew(): Promise<void> {
    presented += 1;
    const number = presented;
    const proof = await prove();
    const atOnce = number % 5 === 0 ? [number, number + 1] : [number];
    const answers = await Promise.all(atOnce.map((door) => present(proof, door)));
    presentedBefore.push(proof);
    // Of two doors without an answer in time, one may have burnt the proof for the other nonetheless.
    const answer = answers.find((one) => one === 'accepted') ?? answers.find((one) => one !== replayed) ?? replayed;
    if (answer === 'accepted') accepted += 1;
    else refused[answer] = (refused[answer] ?? 0) + 1;
    for (const watch of watchers) watch(number, answer);
  }

  async function presentUsed(): Promise<void> {
    const { length } = presentedBefore;
    if (length === 0) return;
    const youngest = resubmitted % 2 === 0 ? Math.max(0, length - 20) : 0;
    const proof = presentedBefore[randomInt(youngest, length)];
    resubmitted += 1;
    await present(proof ?? '', randomInt(doors.length));
  }

  function follow(request: Promise<unknown>): void {
    const followed = request.catch((error: unknown) => failures.push(error)).finally(() => pending.delete(followed));
    pending.add(followed);
  }

  const timer = setInterval(() => {
    follow(presentNew());
    follow(presentUsed());
  }, millisecondsBetweenRequests);

  async function settle(): Promise<void> {
    clearInterval(timer);
    while (pending.size > 0) await Promise.all(pending);
    if (failures.length > 0) throw new Error('A request went wrong.', { cause: failures[0] });
  }

  async function presentAllAgain(): Promise<void> {
    const proofs = [...timesAccepted.keys()];
    await Promise.all(
      doors.map(async (_, door) => {
        for (const proof of proofs) {
          resubmitted += 1;
          await present(proof, door);
        }
      }),
    );
  }

  return {
    see(answer, count = 1) {
      const startedAt = presented;
      let seen = 0;
      return new Promise((resolve, reject) => {
        const watch = (number: number, given: string) => {
          if (number <= startedAt || given !== answer) return;
          seen += 1;
          if (seen === count) finish();
        };
        const timeout = setTimeout(() => {
          const known = JSON.stringify({ accepted, ...refused });
          finish(new Error(`Not ${count} of ${answer} in time. So far: ${known}`, { cause: failures[0] }));
        }, patienceMilliseconds);
        const finish = (error?: Error) => {
          watchers.delete(watch);
          clearTimeout(timeout);
          if (error === undefined) resolve();
          else reject(error);
        };
        watchers.add(watch);
      });
    },
    async stop() {
      await settle();
      await presentAllAgain();
      const acceptedTwice = [...timesAccepted].filter(([, times]) => times > 1).map(([proof]) => proof);
      return { presented, accepted, refused, resubmitted, acceptedTwice };
    },
    [Symbol.asyncDispose]: settle,
  };
}
