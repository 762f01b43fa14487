import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { createVerificationQueue, type VerificationQueue } from './verification-queue.ts';

interface Request {
  readonly holder: string;
  state: 'waiting' | 'running' | 'served' | 'refused';
  finish: () => void;
  error?: unknown;
}

let queue: VerificationQueue;
/** In the order in which they began. */
let begun: Request[];

beforeEach(() => open({ inFlight: 1, waiting: 4 }));

function open(bounds: Parameters<typeof createVerificationQueue>[0]): void {
  queue = createVerificationQueue(bounds);
  begun = [];
}

/** A request that runs until the test finishes it. */
function send(holder: string): Request {
  const request: Request = { holder, state: 'waiting', finish: () => undefined };
  const verify = () =>
    new Promise<void>((resolve) => {
      request.state = 'running';
      request.finish = resolve;
      begun.push(request);
    });
  // What `run` throws at once rejects, too.
  const run = async () => queue.run(holder, verify);
  run().then(
    () => {
      request.state = 'served';
    },
    (error) => {
      request.state = 'refused';
      request.error = error;
    },
  );
  return request;
}

const sendMany = (holder: string, count: number) => Array.from({ length: count }, () => send(holder));
const statesOf = (requests: readonly Request[]) => requests.map(({ state }) => state);
/** Everything that promises bring about has happened. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

async function finishAll(): Promise<void> {
  for (let index = 0; index < begun.length; index += 1) {
    begun[index]?.finish();
    await settle();
  }
}

const tooMany = { name: 'TooManyRequestsError', code: 'ERR_HOLDER_LIMIT', status: 429, retryAfterSeconds: 1 };
const closed = { name: 'UnavailableError', code: 'ERR_VERIFIER_CLOSED', status: 503 };

describe('the verification queue', () => {
  it('gives back what the verification says', async () => {
    expect(await queue.run('a', async () => true)).toBe(true);
    expect(await queue.run('a', async () => false)).toBe(false);
  });

  it('runs as many at once as it may, and the next when one is done', async () => {
    open({ inFlight: 2, waiting: 4 });
    const requests = sendMany('a', 4);
    await settle();
    expect(statesOf(requests)).toEqual(['running', 'running', 'waiting', 'waiting']);
    requests[1]?.finish();
    await settle();
    expect(statesOf(requests)).toEqual(['running', 'served', 'running', 'waiting']);
  });

  it('gives back at once what is verified at once, and has its place free again', () => {
    expect(queue.run('a', () => true)).toBe(true);
    const fail = () => {
      throw new Error('a bug');
    };
    expect(() => queue.run('a', fail)).toThrow('a bug');
    expect(queue.run('b', () => false)).toBe(false);
  });

  it('lets what could be verified at once wait for its turn as well', async () => {
    const [running] = sendMany('a', 2);
    const late = queue.run('b', () => 'verified');
    expect(late).toBeInstanceOf(Promise);
    expect(statesOf(begun)).toEqual(['running']);
    running?.finish();
    await settle();
    begun[1]?.finish();
    expect(await late).toBe('verified');
    expect(queue.run('c', () => 'at once')).toBe('at once');
  });

  it('goes on after a verification that failed, whose error is passed on', async () => {
    const failed = queue.run('a', () => Promise.reject(new Error('a bug')));
    const next = send('a');
    await expect(failed).rejects.toThrow('a bug');
    await settle();
    expect(next.state).toBe('running');
  });

  it.each([50, 500])('serves one holder that sends %d at once', async (count) => {
    open({ inFlight: 16, waiting: 1000 });
    const requests = sendMany('a', count);
    await settle();
    await finishAll();
    expect(new Set(statesOf(requests))).toEqual(new Set(['served']));
  });

  it('serves holders in turns, so that one with many waiting delays another by one of each', async () => {
    open({ inFlight: 1, waiting: 100 });
    sendMany('noisy', 10);
    sendMany('b', 2);
    sendMany('c', 2);
    await settle();
    await finishAll();
    expect(begun.slice(0, 8).map(({ holder }) => holder)).toEqual([
      'noisy',
      'noisy',
      'b',
      'c',
      'noisy',
      'b',
      'c',
      'noisy',
    ]);
  });

  it('serves those of one holder in the order in which they came', async () => {
    const requests = sendMany('a', 5);
    await settle();
    await finishAll();
    expect(begun).toEqual(requests);
  });
});

describe('a full queue', () => {
  it('refuses the request of a holder that has the most waiting', async () => {
    sendMany('a', 5);
    const sixth = send('a');
    await settle();
    expect(sixth).toMatchObject({ state: 'refused', error: tooMany });
  });

  it('gives the place of the latest request of that holder to somebody else', async () => {
    const noisy = sendMany('a', 5);
    const quiet = send('b');
    await settle();
    expect(statesOf(noisy)).toEqual(['running', 'waiting', 'waiting', 'waiting', 'refused']);
    expect(noisy[4]?.error).toMatchObject(tooMany);
    expect(quiet.state).toBe('waiting');
    await finishAll();
    expect(quiet.state).toBe('served');
    expect(statesOf(noisy)).toEqual(['served', 'served', 'served', 'served', 'refused']);
  });

  it('refuses whoever comes when nobody has more waiting than they would', async () => {
    send('running');
    const waiting = ['a', 'b', 'c', 'd'].map(send);
    const fifth = send('e');
    await settle();
    expect(statesOf(waiting)).toEqual(['waiting', 'waiting', 'waiting', 'waiting']);
    expect(fifth).toMatchObject({ state: 'refused', error: tooMany });
  });

  it('has room again for anybody once one is done', async () => {
    const requests = sendMany('a', 5);
    await settle();
    requests[0]?.finish();
    await settle();
    const next = send('a');
    await settle();
    expect(next.state).toBe('waiting');
  });

  it('can have no places to wait in', async () => {
    open({ inFlight: 1, waiting: 0 });
    const [first, second] = [send('a'), send('b')];
    await settle();
    expect(first.state).toBe('running');
    expect(second).toMatchObject({ state: 'refused', error: tooMany });
  });
});

describe('a closed queue', () => {
  it('refuses what waits, finishes what runs, and begins nothing', async () => {
    const [running, ...waiting] = [...sendMany('a', 3), send('b')];
    queue.close();
    const late = send('c');
    await settle();
    expect(running?.state).toBe('running');
    for (const request of [...waiting, late]) expect(request).toMatchObject({ state: 'refused', error: closed });
    running?.finish();
    await settle();
    expect(running?.state).toBe('served');
    expect(begun).toEqual([running]);
  });

  it('can be closed again', () => {
    queue.close();
    expect(() => queue.close()).not.toThrow();
  });
});

/** The same rules, looked up in plain lists every time. */
class Model {
  readonly waiting: Request[] = [];
  readonly turns: string[] = [];
  readonly bounds: { readonly inFlight: number; readonly waiting: number };
  running = 0;

  constructor(bounds: Model['bounds']) {
    this.bounds = bounds;
  }

  of(holder: string): readonly Request[] {
    return this.waiting.filter((request) => request.holder === holder);
  }

  arrive(request: Request): void {
    if (this.running < this.bounds.inFlight) {
      this.running += 1;
      expect(request.state).toBe('running');
      return;
    }
    if (this.waiting.length === this.bounds.waiting && !this.makeRoom(request)) return;
    expect(request.state).toBe('waiting');
    if (this.of(request.holder).length === 0) this.turns.push(request.holder);
    this.waiting.push(request);
  }

  /** False where the newcomer is refused: exactly when nobody would have more waiting. */
  makeRoom({ holder, state }: Request): boolean {
    const most = Math.max(0, ...this.turns.map((name) => this.of(name).length));
    const refused = this.waiting.filter((request) => request.state === 'refused');
    expect(state === 'refused').toBe(this.of(holder).length + 1 >= most);
    expect(refused).toHaveLength(state === 'refused' ? 0 : 1);
    const [victim] = refused;
    if (victim === undefined) return false;
    expect(this.of(victim.holder)).toHaveLength(most);
    expect(this.of(victim.holder).at(-1)).toBe(victim);
    this.waiting.splice(this.waiting.indexOf(victim), 1);
    return true;
  }

  finish(): void {
    const holder = this.turns.shift();
    if (holder === undefined) {
      this.running -= 1;
      return;
    }
    const [next] = this.of(holder);
    expect(next?.state).toBe('running');
    this.waiting.splice(this.waiting.indexOf(next as Request), 1);
    if (this.of(holder).length > 0) this.turns.push(holder);
  }
}

it('keeps its rules in whatever order requests come and end', async () => {
  const holders = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
  const step = fc.constantFrom(...holders, ...holders, 'a', 'a', 'a', 'a', 'b', 'b', ...Array(15).fill('done'));
  const steps = fc.array(step, { minLength: 50, maxLength: 200 });
  const bounds = fc.record({ inFlight: fc.integer({ min: 1, max: 3 }), waiting: fc.integer({ min: 0, max: 25 }) });
  await fc.assert(
    fc.asyncProperty(bounds, steps, async (chosen, names) => {
      open(chosen);
      const model = new Model(chosen);
      for (const name of names) {
        const running = begun.find(({ state }) => state === 'running');
        if (name !== 'done') {
          const request = send(name);
          await settle();
          model.arrive(request);
        } else if (running !== undefined) {
          running.finish();
          await settle();
          model.finish();
        }
        expect(begun.filter(({ state }) => state === 'running')).toHaveLength(model.running);
        expect(statesOf(model.waiting)).toEqual(model.waiting.map(() => 'waiting'));
      }
    }),
  );
});
