import { randomBytes } from 'node:crypto';
// Not the global one, which tests of users replace.
import { setImmediate } from 'node:timers';
import type { ReplayAnswer, ReplayProof, ReplayStore, UnavailableError } from '@gatehouse/core';
import type { Connection, Script } from './connection.ts';
import { type FailureCode, failure } from './failures.ts';
import { type Fitness, guardSeconds, type ShardState } from './fitness.ts';
import { replayScript, replayScriptId } from './replay-script.ts';
import type { Placement, Shards } from './shards.ts';

/** One proof that waits for its answer. */
interface Question {
  readonly proof: ReplayProof;
  readonly placement: Placement;
  readonly resolve: (answer: ReplayAnswer) => void;
  readonly reject: (reason: unknown) => void;
}

/** A script runs alone: more proofs in one call would hold up other users of the server for a millisecond. */
const mostProofs = 128;
/** More than two thirds of an hour is no life of a proof, but a mistake. */
const longestLifeSeconds = 2400;
const bytesOfKey = 16;

const script: Script = { id: replayScriptId, text: replayScript };
/** What the script answers instead of `ok`. */
const refusals: Readonly<Record<string, FailureCode>> = {
  info: 'ERR_REPLAY_STORE_INFO',
  role: 'ERR_REPLAY_STORE_READ_ONLY',
  evicts: 'ERR_REPLAY_STORE_EVICTS',
};

/** The replay store, and the way to ask its shards how they are. */
export interface ReplayMemory {
  readonly record: ReplayStore['record'];
  /** Asks at once for what has come in. */
  flush(): void;
  /** A call without proofs, to each shard. Rejects with what the first failing one says. */
  probe(): Promise<void>;
}

export function createReplayMemory(connection: Connection, shards: Shards, fitness: Fitness): ReplayMemory {
  /** How the epochs begin that this process is the first to see. */
  const epochPrefix = `${randomBytes(9).toString('base64url')}.`;
  const waiting = Array.from({ length: shards.count }, (): Question[] => []);
  let isDue = false;

  /** Asks for all that came in this turn of the event loop. */
  function ask(): void {
    isDue = false;
    for (const [shard, questions] of waiting.entries()) {
      while (questions.length > 0) void answer(shard, questions.splice(0, mostProofs));
    }
  }

  async function answer(shard: number, questions: readonly Question[]): Promise<void> {
    try {
      const { letters, state } = await call(shard, questions);
      for (const [index, { proof, resolve, reject }] of questions.entries()) {
        const letter = letters[index];
        if (letter === 'f' || letter === 'r') resolve(letter === 'f' ? 'fresh' : 'replayed');
        else reject(refusalOf(letter, proof, state));
      }
    } catch (error) {
      for (const { reject } of questions) reject(error);
    }
  }

  async function call(
    shard: number,
    questions: readonly Question[],
  ): Promise<{ readonly letters: string; readonly state: ShardState }> {
    const keys = [shards.markerOf(shard)];
    const args = [epochPrefix];
    for (const question of questions) {
      keys.push(...question.placement.buckets);
      args.push(...describe(shard, question));
    }
    const sentAt = Date.now();
    try {
      const answered = await connection.run(script, keys, args);
      const [status = '', now, epoch = '', lostAt, letters = ''] = answered.split(' ');
      if (status !== 'ok') throw failure(refusals[status] ?? 'ERR_REPLAY_STORE_UNAVAILABLE');
      const aheadSeconds = Number(now) - (sentAt + Date.now()) / 2000;
      const state = { epoch, lostAt: Number(lostAt), now: Number(now), aheadSeconds };
      fitness.noteState(shard, state);
      return { letters, state };
    } catch (error) {
      const { code } = error as { readonly code: FailureCode };
      fitness.noteFailure(shard, code);
      if (code === 'ERR_REPLAY_STORE_READ_ONLY') connection.renew(code);
      throw error;
    }
  }

  /** The arguments of one proof, in the order of the script. */
  function describe(shard: number, { proof, placement }: Question): readonly string[] {
    const { issuedAt, expiresAt, toleranceSeconds, epoch } = proof;
    return [
      placement.member,
      String(placement.buckets.length),
      String(placement.own + 1),
      String(issuedAt - guardSeconds(toleranceSeconds)),
      String(expiresAt),
      String(placement.until * 1000),
      fitness.epochOf(shard, epoch),
    ];
  }

  return {
    record(proof) {
      refuseUnusable(proof);
      if (connection.trouble !== undefined) throw failure(connection.trouble);
      fitness.noteTolerance(proof.toleranceSeconds);
      const placement = shards.place(proof);
      return new Promise((resolve, reject) => {
        waiting[placement.shard]?.push({ proof, placement, resolve, reject });
        if (isDue) return;
        isDue = true;
        setImmediate(ask);
      });
    },
    flush: ask,
    async probe() {
      const calls = Array.from({ length: shards.count }, (_, shard) => call(shard, []));
      // All of them are waited for: what each says is noted.
      const failed = (await Promise.allSettled(calls)).find((result) => result.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    },
  };
}

/** Why the script took no notice of a proof. */
function refusalOf(letter: string | undefined, proof: ReplayProof, { lostAt, now }: ShardState): UnavailableError {
  if (letter === 'c') return failure('ERR_REPLAY_STORE_CLOCK');
  if (letter !== 'g') return failure('ERR_REPLAY_STORE_UNAVAILABLE');
  // A proof that is made then is dated after all that may have been lost.
  const retryAfterSeconds = lostAt + guardSeconds(proof.toleranceSeconds) - now;
  return failure('ERR_REPLAY_STORE_FORGOTTEN', { retryAfterSeconds });
}

function refuseUnusable({ key, issuedAt, expiresAt, toleranceSeconds }: ReplayProof): void {
  if (key.length !== bytesOfKey) throw new TypeError('The key of a proof has 16 bytes.');
  const lifeSeconds = expiresAt - issuedAt;
  if (!(lifeSeconds >= 0 && lifeSeconds <= longestLifeSeconds)) {
    throw new TypeError('A proof expires 0 to 2400 seconds after it was issued.');
  }
  if (!(toleranceSeconds >= 0 && Number.isFinite(issuedAt))) {
    throw new TypeError('The time and the clock tolerance of a proof are numbers of seconds.');
  }
}
