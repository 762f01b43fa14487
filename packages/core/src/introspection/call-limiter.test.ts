import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { UnavailableError } from '../errors.ts';
import { type CallLimiter, createCallLimiter, type Standing } from './call-limiter.ts';

interface Call {
  readonly name: string;
  state: 'waiting' | 'running' | 'done' | 'refused';
  end: () => void;
  error?: unknown;
}

let limiter: CallLimiter;
/** In the order in which they began. */
let begun: Call[];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  open({});
});
afterEach(() => vi.useRealTimers());

function open(options: Partial<Parameters<typeof createCallLimiter>[0]>): void {
  limiter = createCallLimiter({ callsInFlight: 4, callsPerSecond: 1000, waitSeconds: 1, now: Date.now, ...options });
  begun = [];
}

/** A call that goes on until the test ends it. */
function make(standing: Standing, name: string = standing): Call {
  const call: Call = { name, state: 'waiting', end: () => undefined };
  const run = () =>
    new Promise<void>((resolve) => {
      call.state = 'running';
      call.end = resolve;
      begun.push(call);
    });
  limiter.run(standing, run).then(
    () => {
      call.state = 'done';
    },
    (error) => {
      call.state = 'refused';
      call.error = error;
    },
  );
  return call;
}

const makeMany = (standing: Standing, count: number) => Array.from({ length: count }, () => make(standing));
const statesOf = (calls: readonly Call[]) => calls.map(({ state }) => state);
const count = (calls: readonly Call[], state: Call['state']) => statesOf(calls).filter((one) => one === state).length;
/** Everything that promises bring about has happened. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

async function pass(seconds: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(seconds * 1000);
  await settle();
}

async function end(...calls: readonly Call[]): Promise<void> {
  for (const call of calls) call.end();
  await settle();
}

const busy = { name: 'UnavailableError', code: 'ERR_INTROSPECTION_BUSY', status: 503, retryAfterSeconds: 1 };

it('gives back what a call gives, and goes on after one that fails', async () => {
  open({ callsInFlight: 2 });
  expect(await limiter.run('known', async () => 'answer')).toBe('answer');
  for (const _ of [1, 2, 3]) {
    await expect(limiter.run('known', () => Promise.reject(new Error('a bug')))).rejects.toThrow('a bug');
  }
  expect(limiter).toMatchObject({ inFlight: 0, waiting: 0 });
});

describe('calls at the same time', () => {
  it('are as many as may be for known tokens, and half for unknown ones', async () => {
    const known = makeMany('known', 6);
    await settle();
    expect(statesOf(known)).toEqual(['running', 'running', 'running', 'running', 'waiting', 'waiting']);
    expect(limiter).toMatchObject({ inFlight: 4, waiting: 2 });
    open({});
    const unknown = makeMany('unknown', 4);
    await settle();
    expect(statesOf(unknown)).toEqual(['running', 'running', 'waiting', 'waiting']);
  });

  it('leave room for known tokens, whatever waits', async () => {
    const unknown = makeMany('unknown', 100);
    const known = makeMany('known', 2);
    await settle();
    expect(statesOf(known)).toEqual(['running', 'running']);
    expect(count(unknown, 'running')).toBe(2);
  });

  it('begin in the order in which they came, when one ends', async () => {
    const running = makeMany('known', 4);
    const [first, second, third] = [make('unknown', 'first'), make('known', 'second'), make('unknown', 'third')];
    await settle();
    await end(...running.slice(0, 3));
    expect(statesOf([first, second, third])).toEqual(['running', 'running', 'running']);
    expect(begun.slice(4).map(({ name }) => name)).toEqual(['first', 'second', 'third']);
  });

  it('of an unknown token that may not begin are not waited for', async () => {
    const unknown = makeMany('unknown', 3);
    const known = makeMany('known', 3);
    await settle();
    expect(statesOf(known)).toEqual(['running', 'running', 'waiting']);
    await end(...known.slice(0, 1));
    expect(statesOf(known)).toEqual(['done', 'running', 'running']);
    expect(unknown[2]?.state).toBe('waiting');
    await end(...unknown.slice(0, 1));
    expect(unknown[2]?.state).toBe('running');
  });
});

describe('calls in a second', () => {
  beforeEach(() => open({ callsInFlight: 1000, callsPerSecond: 10 }));

  it('are as many as may be for known tokens, then one for each tenth of a second', async () => {
    const calls = makeMany('known', 13);
    await settle();
    expect(count(calls, 'running')).toBe(10);
    await pass(0.1);
    expect(count(calls, 'running')).toBe(11);
    await pass(0.2);
    expect(count(calls, 'running')).toBe(13);
  });

  it('are half as many for unknown tokens, and leave the other half', async () => {
    const unknown = makeMany('unknown', 10);
    await settle();
    expect(count(unknown, 'running')).toBe(5);
    const known = makeMany('known', 5);
    await settle();
    expect(count(known, 'running')).toBe(5);
    await pass(0.2);
    expect(count(unknown, 'running')).toBe(6);
  });

  it('that were not made are saved up for one second at the most', async () => {
    await pass(3600);
    const calls = makeMany('known', 13);
    await settle();
    expect(count(calls, 'running')).toBe(10);
  });

  it('begin in the order in which they came, all that may, when the clock has jumped', async () => {
    makeMany('known', 10);
    const [first, second, third] = [make('known', 'first'), make('known', 'second'), make('known', 'third')];
    vi.setSystemTime(Date.now() + 500);
    const late = make('known', 'late');
    await settle();
    expect(statesOf([first, second, third, late])).toEqual(Array(4).fill('waiting'));
    await pass(0.1);
    expect(begun.slice(10).map(({ name }) => name)).toEqual(['first', 'second', 'third', 'late']);
  });

  it('go on when the clock, which said nothing for a while, says something again', async () => {
    let time = 0;
    open({ callsPerSecond: 2, now: () => time });
    const ask = async () => {
      const call = make('known');
      await settle();
      await end(call);
      return call.state;
    };
    expect([await ask(), await ask()]).toEqual(['done', 'done']);
    time = Number.NaN;
    const silent = make('known');
    await pass(1);
    expect(silent.state).toBe('refused');
    time = 1000;
    expect([await ask(), await ask(), await ask()]).toEqual(['done', 'done', 'waiting']);
  });

  it('go on when the clock is set back', async () => {
    const calls = makeMany('known', 11);
    vi.setSystemTime(Date.now() - 3_600_000);
    await pass(0.2);
    expect(count(calls, 'running')).toBe(11);
  });
});

describe('waiting', () => {
  it('ends with a refusal when it was too long', async () => {
    const calls = makeMany('known', 5);
    await pass(0.999);
    expect(calls[4]?.state).toBe('waiting');
    await pass(0.001);
    expect(calls[4]).toMatchObject({ state: 'refused', error: busy });
    expect(limiter).toMatchObject({ inFlight: 4, waiting: 0 });
  });

  it('is for as many as can begin in that time; others are refused at once', async () => {
    open({ callsInFlight: 2, callsPerSecond: 20, waitSeconds: 0.5 });
    const unknown = makeMany('unknown', 1 + 5 + 1);
    const known = makeMany('known', 1 + 10 + 1);
    await settle();
    expect(statesOf(unknown).slice(5)).toEqual(['waiting', 'refused']);
    expect(statesOf(known).slice(10)).toEqual(['waiting', 'refused']);
    expect(unknown[6]?.error).toMatchObject(busy);
  });

  it('can be forbidden', async () => {
    open({ callsInFlight: 2, waitSeconds: 0 });
    const calls = makeMany('unknown', 2);
    await settle();
    expect(statesOf(calls)).toEqual(['running', 'refused']);
  });

  it('is not for a token of one standing because the other has used up its places', async () => {
    open({ callsInFlight: 2, callsPerSecond: 2 });
    const unknown = makeMany('unknown', 10);
    const known = make('known');
    await settle();
    expect(count(unknown, 'refused')).toBe(8);
    expect(known.state).toBe('running');
  });

  it('ends for all of one standing when they are refused, and for no other', async () => {
    const [running, waiting] = [makeMany('known', 4), makeMany('known', 2)];
    const unknown = makeMany('unknown', 2);
    await settle();
    limiter.refuseWaiting('known', new UnavailableError('ERR_VERIFIER_CLOSED', 1));
    await settle();
    for (const call of waiting)
      expect(call).toMatchObject({ state: 'refused', error: { code: 'ERR_VERIFIER_CLOSED' } });
    expect(statesOf(unknown)).toEqual(['waiting', 'waiting']);
    await end(...running);
    expect(statesOf([...running, ...unknown])).toEqual([...Array(4).fill('done'), 'running', 'running']);
  });

  it('leaves no timer behind', async () => {
    open({ callsPerSecond: 4 });
    const calls = makeMany('known', 6);
    await settle();
    expect(vi.getTimerCount()).toBeGreaterThan(0);
    await end(...calls.slice(0, 2));
    limiter.refuseWaiting('known', new UnavailableError('ERR_VERIFIER_CLOSED', 1));
    await settle();
    expect(vi.getTimerCount()).toBe(0);
  });
});
