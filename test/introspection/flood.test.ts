import { randomBytes } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Guard, startGuard } from './guard.ts';

/** `npm run flood` sends a million, and measures. */
const floodSize = 2000;
const atOnce = 200;
const callsPerSecond = 100;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function measureHeap(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

let guard: Guard;
let good: readonly string[];

beforeEach(async () => {
  guard = await startGuard({
    issuer: { clock: Date },
    introspection: { cacheSeconds: 1, callsPerSecond, callsInFlight: 8, waitSeconds: 2 },
    // Decisions of these tests are kept, which would be the only thing that grows.
    options: { now: Date.now, onDecision: () => undefined },
  });
  good = await Promise.all(Array.from({ length: 20 }, () => guard.issuer.token()));
  for (const token of good) expect(await guard.ask(token)).toBe('accepted');
});
afterEach(() => guard[Symbol.asyncDispose]());

const askAll = (tokens: readonly string[]) => Promise.all(tokens.map((token) => guard.ask(token)));
const makeUp = (count: number) => Array.from({ length: count }, () => randomBytes(24).toString('base64url'));

describe('a flood of made-up tokens', () => {
  it('neither keeps good tokens waiting nor asks the issuer more than it may, and leaves nothing behind', async () => {
    const startedAt = performance.now();
    const floodAnswers = new Map<string, number>();
    const count = (answer: string) => floodAnswers.set(answer, (floodAnswers.get(answer) ?? 0) + 1);
    const flood: Promise<unknown>[] = [];
    let heapBefore = 0;
    for (let sent = 0; sent < floodSize; sent += atOnce) {
      if (sent === 2 * atOnce) heapBefore = measureHeap();
      flood.push(Promise.all(makeUp(atOnce).map(async (token) => count(await guard.ask(token)))));
      expect(await askAll(good)).toEqual(good.map(() => 'accepted'));
    }
    await Promise.all(flood);
    const seconds = (performance.now() - startedAt) / 1000;

    expect([...floodAnswers.keys()].toSorted()).toEqual(['ERR_INTROSPECTION_BUSY', 'ERR_TOKEN_INACTIVE']);
    const forFlood = floodAnswers.get('ERR_TOKEN_INACTIVE') ?? 0;
    // Half of the calls of each second, and as many again that were saved up.
    expect(forFlood).toBeLessThanOrEqual((callsPerSecond / 2) * (seconds + 1));
    expect(guard.questions - forFlood).toBeLessThanOrEqual(good.length * (seconds + 2));
    expect(guard.verifier.health().issuers[0]?.introspection).toMatchObject({
      breakers: { known: 'closed', unknown: 'closed' },
      inFlight: 0,
      waiting: 0,
      refused: floodSize - forFlood,
      cachedAnswers: good.length,
    });
    expect(measureHeap() - heapBefore).toBeLessThan(1024 * 1024);
  }, 60_000);
});
