import { beforeEach, describe, expect, it, vi } from 'vitest';
import { createThreadChoice, type ThreadChoice } from './thread-choice.ts';

interface Piece {
  place: 'undecided' | 'here' | 'pool';
  /** Ends what is on the pool. */
  finish: (error?: Error) => void;
  readonly result: Promise<string>;
}

let choose: ThreadChoice;

beforeEach(() => {
  choose = createThreadChoice();
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

const placesOf = (pieces: readonly Piece[]) => pieces.map(({ place }) => place);
/** The next turn of the event loop has come to its end. */
const endTurn = () => new Promise((resolve) => setImmediate(resolve));

describe('work that is alone', () => {
  it('is done here, when the turn of the event loop ends', async () => {
    const piece = send();
    await Promise.resolve();
    expect(piece.place).toBe('undecided');
    await endTurn();
    expect(piece.place).toBe('here');
    expect(await piece.result).toBe('done here');
  });

  it('is done here in turn after turn, one in each', async () => {
    for (let turn = 0; turn < 5; turn += 1) {
      const piece = send();
      expect(await piece.result).toBe('done here');
      const next = send();
      expect(next.place).toBe('undecided');
      await endTurn();
      expect(next.place).toBe('here');
    }
  });

  it('is done under a clock that stands still, too', async () => {
    vi.useFakeTimers();
    try {
      expect(await send().result).toBe('done here');
    } finally {
      vi.useRealTimers();
    }
  });

  it('rejects with what it throws, and the next is done as if nothing had happened', async () => {
    await expect(send({ fails: true }).result).rejects.toThrow('failed here');
    expect(await send().result).toBe('done here');
  });
});

describe('work that comes together', () => {
  it('goes to the pool, the first of it too, as soon as the second comes', async () => {
    const first = send();
    expect(first.place).toBe('undecided');
    const others = [send(), send()];
    expect(placesOf([first, ...others])).toEqual(['pool', 'pool', 'pool']);
    await endTurn();
    expect(placesOf([first, ...others])).toEqual(['pool', 'pool', 'pool']);
    for (const piece of [first, ...others]) {
      piece.finish();
      expect(await piece.result).toBe('done on the pool');
    }
  });

  it('goes to the pool where it comes in different callbacks of one turn', async () => {
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
    expect(placesOf(pieces)).toEqual(['pool', 'pool']);
  });

  it('goes to the pool as long as anything is there, and is done here again after that', async () => {
    const [first, second] = [send(), send()];
    await endTurn();
    first.finish();
    const third = send();
    expect(third.place).toBe('pool');
    second.finish();
    third.finish(new Error('failed there'));
    await expect(third.result).rejects.toThrow('failed there');
    expect(await send().result).toBe('done here');
  });

  it('rejects with what the pool throws at once, each piece its own, and goes on', async () => {
    const [bad, good] = [send({ fails: true }), send()];
    await expect(bad.result).rejects.toThrow('not taken');
    good.finish();
    expect(await good.result).toBe('done on the pool');
    expect(await send().result).toBe('done here');
  });
});

describe('slow work', () => {
  it('goes to the pool, alone or not', async () => {
    const slow = send({ isSlow: true });
    expect(slow.place).toBe('pool');
    slow.finish();
    expect(await slow.result).toBe('done on the pool');
  });

  it('takes with it what was alone before', async () => {
    const [quick, slow] = [send(), send({ isSlow: true })];
    expect(placesOf([quick, slow])).toEqual(['pool', 'pool']);
    await endTurn();
    expect(quick.place).toBe('pool');
  });
});
