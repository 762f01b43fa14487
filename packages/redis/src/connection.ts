import type { Cluster, Redis } from 'ioredis';
import { clusterOptionsOf, redisOptionsOf } from './connection-options.ts';
import { codeOf, type FailureCode, failure, failureOf } from './failures.ts';

/** A script, and the name under which Redis remembers it. */
export interface Script {
  readonly id: string;
  readonly text: string;
}

/** The id of a stream's entry, and names and values in turn. */
type StreamEntry = readonly [id: string, fields: readonly string[]];

/** A connection of our own to the servers of another one, which is left alone. */
export interface Connection {
  readonly isCluster: boolean;
  /** Undefined while it is connected; else why it is not. */
  readonly trouble: FailureCode | undefined;
  /**
   * Runs a script, once. It goes to the server at once or not at all.
   *
   * Rejects with an `UnavailableError` when there is no connection, and when there was no answer in time: nobody knows
   * then whether the script has run.
   */
  run(script: Script, keys: readonly string[], args: readonly string[]): Promise<string>;
  /** The same with a script that may run twice, and waits until so many replicas have what was written. */
  replicate(script: Script, keys: readonly string[], args: readonly string[], replicas: number): Promise<string>;
  /** What a stream has behind an id; where that is nothing, waits for it, up to that many milliseconds. */
  read(stream: string, after: string, milliseconds: number): Promise<readonly StreamEntry[]>;
  /** Resolves when it is connected; rejects with an `UnavailableError` as soon as an attempt has failed. */
  connected(): Promise<void>;
  /** Makes it anew, for this reason: a server that was demoted may have left its address to another one. */
  renew(reason: FailureCode): void;
  /** Waits for what is under way, as long as it may take, and lets go. */
  close(): Promise<void>;
}

const unavailable = 'ERR_REPLAY_STORE_UNAVAILABLE';
/** Delays before the first attempts; then they stay at the last. */
const firstDelayMilliseconds = 50;
const longestDelayMilliseconds = 1000;
/** More calls under way to one server than it can answer in time, ten times over. */
const mostCalls = 1024;
/** Of the time that an answer may take, so that one which says that there are too few replicas comes in time. */
const shareToReplicate = 0.8;
/** Entries of a stream at once. */
const mostRead = 500;

export function connect(redis: Redis | Cluster, timeoutSeconds: number, onConnected: () => void): Connection {
  let trouble: FailureCode | undefined = unavailable;
  /** What the last error was about; a connection that closes says nothing of its own. */
  let cause: FailureCode = unavailable;
  let hasFailed = false;
  let isClosed = false;
  /** Attempts since a script was answered: a server that lets us in and answers nothing is not asked all the time. */
  let attempts = 0;
  const underWay = new Set<Promise<unknown>>();
  const waiting = new Set<(trouble: FailureCode | undefined) => void>();

  const retryDelay = () => Math.min(firstDelayMilliseconds * 2 ** attempts++, longestDelayMilliseconds);
  const client = duplicate(redis, timeoutSeconds, retryDelay);
  // What it says is known from its events and from what is sent: nothing is left unhandled, and nothing shows a password.
  client.on('error', (error: unknown) => {
    cause = codeOf(error);
    if (client.status !== 'ready') fail(cause);
  });
  client.on('close', () => fail(cause));
  client.on('ready', () => {
    trouble = undefined;
    cause = unavailable;
    hasFailed = false;
    settle(undefined);
    onConnected();
  });

  function fail(code: FailureCode): void {
    trouble = code;
    hasFailed = true;
    settle(code);
  }

  function settle(code: FailureCode | undefined): void {
    for (const callback of waiting) callback(code);
    waiting.clear();
  }

  async function evaluate({ id, text }: Script, keyCount: number, args: readonly string[]): Promise<unknown> {
    try {
      return await client.evalsha(id, keyCount, ...args);
    } catch (error) {
      // Redis has looked for the script and not found it: nothing was executed.
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
      return client.eval(text, keyCount, ...args);
    }
  }

  /** Both go to the same server, one behind the other. */
  async function evaluateAndWait(
    script: Script,
    keyCount: number,
    args: readonly string[],
    replicas: number,
  ): Promise<unknown> {
    const send = () =>
      client
        .pipeline()
        .evalsha(script.id, keyCount, ...args)
        .wait(replicas, Math.ceil(timeoutSeconds * 1000 * shareToReplicate))
        .exec();
    let results = await send();
    // Nothing was executed. Alone, it finds its way: of two commands of which one was refused, ioredis repeats neither.
    if (/^(?:NOSCRIPT|MOVED) /.test(results?.[0]?.[0]?.message ?? '')) {
      await evaluate(script, keyCount, args);
      results = await send();
    }
    const [[error, answer] = [new Error('no answer')], [waitError, count] = [null, 0]] = results ?? [];
    if (error ?? waitError) throw error ?? waitError;
    if (Number(count) < replicas) throw new Error('too few replicas have it');
    return answer;
  }

  /** Counts what is sent until ioredis has let go of it, however long ago its answer was due. */
  async function ask(send: () => Promise<unknown>): Promise<unknown> {
    if (isClosed || trouble !== undefined) throw failure(trouble ?? unavailable);
    if (underWay.size >= mostCalls) throw failure(unavailable);
    const answer = send();
    underWay.add(answer);
    const forget = () => underWay.delete(answer);
    answer.then(forget, forget);
    try {
      const answered = await within(timeoutSeconds, answer);
      attempts = 0;
      return answered;
    } catch (error) {
      throw failureOf(error);
    }
  }

  return {
    isCluster: redis.isCluster,
    get trouble() {
      return isClosed ? unavailable : trouble;
    },
    run: async (script, keys, args) => textOf(await ask(() => evaluate(script, keys.length, [...keys, ...args]))),
    replicate: async (script, keys, args, replicas) =>
      textOf(await ask(() => evaluateAndWait(script, keys.length, [...keys, ...args], replicas))),
    async read(stream, after, milliseconds) {
      const send = () => client.xread('COUNT', mostRead, 'BLOCK', milliseconds, 'STREAMS', stream, after);
      const [found] = ((await ask(send)) ?? []) as readonly (readonly [string, readonly StreamEntry[]])[];
      return found?.[1] ?? [];
    },
    connected() {
      return new Promise((resolve, reject) => {
        const finish = (code: FailureCode | undefined) => (code === undefined ? resolve() : reject(failure(code)));
        if (isClosed || hasFailed || trouble === undefined) finish(isClosed ? unavailable : trouble);
        else waiting.add(finish);
      });
    },
    renew(reason) {
      // While it is being made, ioredis would take this for the end. A Cluster finds its masters by itself.
      if (client.isCluster || client.status !== 'ready') return;
      cause = reason;
      client.disconnect(true);
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      settle(unavailable);
      await within(timeoutSeconds, Promise.allSettled(underWay)).catch(() => undefined);
      client.disconnect();
    },
  };
}

function textOf(answer: unknown): string {
  if (typeof answer === 'string') return answer;
  throw failureOf(new Error('The script has not answered with a text.'));
}

function duplicate(redis: Redis | Cluster, timeoutSeconds: number, retryDelay: () => number): Redis | Cluster {
  return isCluster(redis)
    ? redis.duplicate([], clusterOptionsOf(timeoutSeconds, retryDelay))
    : redis.duplicate(redisOptionsOf(timeoutSeconds, retryDelay));
}

function isCluster(redis: Redis | Cluster): redis is Cluster {
  return redis.isCluster;
}

/** @throws whatever the promise rejects with, or an Error when the time is over */
async function within<Value>(seconds: number, promise: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_resolve, reject) => {
    const giveUp = () => reject(new Error('no answer in time'));
    // If it was this process that stood still, the answer is there to be read first.
    timer = setTimeout(() => setImmediate(giveUp), seconds * 1000);
  });
  try {
    return await Promise.race([promise, silence]);
  } finally {
    clearTimeout(timer);
  }
}
