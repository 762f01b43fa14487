import { beforeEach, describe, expect, it, vi } from 'vitest';
import { createThreadChoice, type ThreadChoice } from './thread-choice.ts';

interface Piece {
  place: 'undecided' | 'here' | 'pool';
  /** Ends what is on the pool. */
  finish: (error?: Error) => void;
  /** What the choice gave back at once. */
  readonly result: string | Promise<string>;
}

let choose: ThreadChoice;

beforeEach(() => {
  choose = createThreadChoice(2);
});

function send({ isSlow = false, fails = false } = {}): Piece {
  const piece: { -readonly [Key in keyof Piece]?: Piece[Key] } = { place: 'undecided' };
  const here = () => {
    piece.place = 'here';
    if (fails) throw new Error('failed here');
    return 'done here';
  };
  piece.result = choose<string>({
    here: isSlow ? undefined : here,
    onPool(done) {
      piece.place = 'pool';
      if (fails) throw new Error('not taken');
      piece.finish = (error) => (error === undefined ? done(null, 'done on the pool') : done(error, ''));
    },
  });
  return piece as Piece;
}

const sendMany = (count: number) => Array.from({ length: count }, () => send());
const placesOf = (pieces: readonly Piece[]) => pieces.map(({ place }) => place);
/** The turn of the event loop has come to its end. */
const endTurn = () => new Promise((resolve) => setImmediate(resolve));

describe('the first work in a turn of the event loop', () => {
  it('is done here, at once', () => {
    expect(send().result).toBe('done here');
  });

  it('is done here in turn after turn', async () => {
    for (let turn = 0; turn < 5; turn += 1) {
      expect(send().result).toBe('done here');
      await endTurn();
    }
  });

  it('is done here under a clock that stands still, too', async () => {
    vi.useFakeTimers();
    try {
      expect(send().result).toBe('done here');
    } finally {
      vi.useRealTimers();
    }
    await endTurn();
    expect(send().result).toBe('done here');
  });

  it('throws what it throws, and is the first of its turn nonetheless', async () => {
    expect(() => send({ fails: true })).toThrow('failed here');
    expect(send().place).toBe('pool');
  });
});

describe('more work in one turn', () => {
  it('goes to the pool', async () => {
    const [first, ...others] = sendMany(3);
    expect(first?.result).toBe('done here');
    expect(placesOf(others)).toEqual(['pool', 'pool']);
    for (const piece of others) {
      piece.finish();
      expect(await piece.result).toBe('done on the pool');
    }
  });

  it('goes to the pool where it comes in another callback of the turn', async () => {
    let pieces: readonly Piece[] = [];
    await new Promise<void>((resolve) => {
      setTimeout(() => {
        pieces = [send()];
        queueMicrotask(() => {
          pieces = [...pieces, send()];
          resolve();
        });
      });
    });
    expect(placesOf(pieces)).toEqual(['here', 'pool']);
  });

  it('goes to the pool as long as anything is there, and is done here again after that', async () => {
    const [, first, second] = sendMany(3);
    await endTurn();
    first?.finish();
    const third = send();
    expect(third.place).toBe('pool');
    second?.finish();
    third.finish(new Error('failed there'));
    await expect(third.result).rejects.toThrow('failed there');
    expect(send().result).toBe('done here');
  });

  it('rejects with what the pool throws at once, each piece its own, and goes on', async () => {
    send();
    const [bad, good] = [send({ fails: true }), send()];
    await expect(bad.result).rejects.toThrow('not taken');
    good.finish();
    expect(await good.result).toBe('done on the pool');
    await endTurn();
    expect(send().result).toBe('done here');
  });
});

describe('slow work', () => {
  it('goes to the pool, the first of its turn or not', async () => {
    const slow = send({ isSlow: true });
    expect(slow.place).toBe('pool');
    slow.finish();
    expect(await slow.result).toBe('done on the pool');
    expect(send().result).toBe('done here');
  });
});

describe('a process with one core', () => {
  beforeEach(() => {
    choose = createThreadChoice(1);
  });

  it('does 64 pieces here in each turn, and sends the others to the pool', async () => {
    for (let turn = 0; turn < 2; turn += 1) {
      const places = placesOf(sendMany(66));
      expect(places.slice(0, 64)).toEqual(Array(64).fill('here'));
      expect(places.slice(64)).toEqual(['pool', 'pool']);
      await endTurn();
    }
  });

  it('sends slow work to the pool, and does other work here meanwhile', () => {
    expect(send({ isSlow: true }).place).toBe('pool');
    expect(send().result).toBe('done here');
  });
});
