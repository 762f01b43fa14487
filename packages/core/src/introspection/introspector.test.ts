import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { UnavailableError } from '../errors.ts';
import type { IssuerAnswer } from './answer-cache.ts';
import { createIntrospector, type Finding, type Introspector } from './introspector.ts';
import type { QuestionSettings } from './options.ts';

/** A question that the issuer got, which the test answers. */
interface Asked {
  readonly token: string;
  answer(claims: IssuerAnswer): Promise<void>;
  fail(error: unknown): Promise<void>;
}

const start = 1_800_000_000_000;
const defaults: QuestionSettings = {
  cacheSeconds: 10,
  inactiveSeconds: 5,
  cachedAnswers: 100,
  callsInFlight: 64,
  callsPerSecond: 1000,
  waitSeconds: 1,
};
const claims = { active: true, sub: 'user-1' };
const outage = new UnavailableError('ERR_METADATA_UNAVAILABLE', 1);
const oddity = new UnavailableError('ERR_METADATA_INVALID', 1);

let introspector: Introspector;
let asked: Asked[];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: start });
  open({});
});
afterEach(() => vi.useRealTimers());

function open(settings: Partial<QuestionSettings>): void {
  asked = [];
  introspector = createIntrospector({
    ask: (token) =>
      new Promise((resolve, reject) => {
        asked.push({
          token,
          answer: (answer) => settled(() => resolve(answer)),
          fail: (error) => settled(() => reject(error)),
        });
      }),
    isOutage: ({ code }) => code === outage.code,
    settings: { ...defaults, ...settings },
    now: Date.now,
  });
}

/** Everything that promises bring about has happened. */
async function settled(act: () => unknown = () => undefined): Promise<void> {
  act();
  await new Promise((resolve) => setImmediate(resolve));
}

async function pass(seconds: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(seconds * 1000);
  await settled();
}

const find = (token: string, maxAgeSeconds?: number) => introspector.find(`hash of ${token}`, token, maxAgeSeconds);
const tokensAsked = () => asked.map(({ token }) => token);

/** Asks, and has the issuer answer: what was found. */
async function learn(token: string, answer: IssuerAnswer = claims, maxAgeSeconds?: number): Promise<Finding> {
  const finding = find(token, maxAgeSeconds);
  await settled();
  await asked.at(-1)?.answer(answer);
  return finding;
}

async function failFor(tokens: readonly string[], error: unknown = outage): Promise<void> {
  for (const token of tokens) {
    const failure = expect(find(token)).rejects.toBe(error);
    await settled();
    await asked.at(-1)?.fail(error);
    await failure;
  }
}

const fiveTokens = ['one', 'two', 'three', 'four', 'five'];

describe('an opaque token', () => {
  it('is asked about, and then known for as long as answers count', async () => {
    expect(await learn('a')).toEqual({ claims, at: start, source: 'introspection' });
    await pass(9.999);
    expect(await find('a')).toEqual({ claims, at: start, source: 'introspection-cache' });
    await pass(0.001);
    expect(await learn('a')).toEqual({ claims, at: start + 10_000, source: 'introspection' });
    expect(tokensAsked()).toEqual(['a', 'a']);
  });

  it('is known since the question was sent, not since it was answered', async () => {
    const finding = find('a');
    await pass(3);
    await asked[0]?.answer(claims);
    expect(await finding).toMatchObject({ at: start });
    await pass(7);
    find('a').catch(() => undefined);
    expect(asked).toHaveLength(2);
  });

  it('that was revoked is refused when the answer no longer counts', async () => {
    await learn('a');
    await pass(10);
    expect((await learn('a', 'inactive')).claims).toBe('inactive');
  });

  it('is not known any more once it has expired', async () => {
    await learn('a', { ...claims, exp: start / 1000 + 5 });
    await pass(4.999);
    expect(await find('a')).toMatchObject({ source: 'introspection-cache' });
    await pass(0.001);
    expect((await learn('a', 'inactive')).source).toBe('introspection');
  });

  it('is asked about at every request where answers do not count', async () => {
    open({ cacheSeconds: 0, inactiveSeconds: 0 });
    for (const answer of [claims, claims, 'inactive', 'inactive'] as const) {
      expect((await learn('a', answer)).source).toBe('introspection');
    }
    expect(introspector.health().cachedAnswers).toBe(0);
  });

  it('that a guard wants fresher is asked about again, and what is learned serves all guards', async () => {
    await learn('a');
    await pass(3);
    expect(await find('a', 4)).toMatchObject({ source: 'introspection-cache' });
    expect(await learn('a', claims, 3)).toMatchObject({ at: start + 3000, source: 'introspection' });
    await pass(8);
    expect(await find('a')).toMatchObject({ at: start + 3000, source: 'introspection-cache' });
    expect(await learn('a', claims, 0)).toMatchObject({ source: 'introspection' });
  });

  it('is not known for longer because a guard would be content with that', async () => {
    await learn('a');
    await pass(10);
    expect((await learn('a', claims, 3600)).source).toBe('introspection');
  });

  it('that is not active is known as such for a shorter time', async () => {
    await learn('a', 'inactive');
    await pass(4.999);
    expect(await find('a')).toEqual({ claims: 'inactive', at: start, source: 'introspection-cache' });
    await pass(0.001);
    expect((await learn('a')).claims).toEqual(claims);
  });

  it('has claims that none of those who share them can change', async () => {
    const { claims: found } = await learn('a', { ...claims, act: { sub: 'agent' } });
    expect(() => Object.assign(found, { sub: 'admin' })).toThrow(TypeError);
    expect(() => Object.assign((found as { act: object }).act, { sub: 'admin' })).toThrow(TypeError);
  });
});

describe('a JWT', () => {
  const recheck = (maxAgeSeconds: number, issuedAtSeconds = start / 1000 - 60) =>
    introspector.recheck({ hash: 'hash of jwt', token: 'jwt', issuedAtSeconds }, maxAgeSeconds);

  it('is not asked about while it is younger than the demand', async () => {
    expect(await recheck(61)).toBeUndefined();
    expect(asked).toEqual([]);
    recheck(60).catch(() => undefined);
    expect(tokensAsked()).toEqual(['jwt']);
  });

  it('is not taken for good on account of its youth, once the issuer has said that it is not active', async () => {
    const issuedAt = start / 1000;
    const now = recheck(0, issuedAt);
    await asked[0]?.answer('inactive');
    expect(await now).toMatchObject({ claims: 'inactive' });
    expect(await recheck(60, issuedAt)).toMatchObject({ claims: 'inactive', source: 'introspection-cache' });
    await pass(5);
    recheck(60, issuedAt).catch(() => undefined);
    expect(tokensAsked()).toEqual(['jwt', 'jwt']);
  });

  it('counts for what the issuer said of it last, however young it is', async () => {
    const issuedAt = start / 1000;
    const now = recheck(0, issuedAt);
    await asked[0]?.answer(claims);
    expect(await recheck(60, issuedAt)).toEqual({ ...(await now), source: 'introspection-cache' });
    expect(tokensAsked()).toEqual(['jwt']);
  });

  it('is asked about where the demand is for now, or it is dated in the future', async () => {
    for (const [maxAgeSeconds, age] of [
      [0, 0],
      [0, -3],
      [30, -3],
    ] as const) {
      open({});
      recheck(maxAgeSeconds, start / 1000 - age).catch(() => undefined);
      expect(tokensAsked()).toEqual(['jwt']);
    }
  });

  it('is asked about again when the last answer is as old as the demand, however long answers count for others', async () => {
    const first = recheck(30);
    await asked[0]?.answer(claims);
    expect(await first).toEqual({ claims, at: start, source: 'introspection' });
    await pass(29.999);
    expect(await recheck(30)).toEqual({ claims, at: start, source: 'introspection-cache' });
    await pass(0.001);
    recheck(30).catch(() => undefined);
    expect(tokensAsked()).toEqual(['jwt', 'jwt']);
  });

  it('is asked about with what is kept from tokens that nobody knows', async () => {
    open({ callsInFlight: 2 });
    for (const token of fiveTokens) find(token).catch(() => undefined);
    recheck(0).catch(() => undefined);
    expect(tokensAsked()).toEqual(['one', 'jwt']);
  });

  it('whose own word does not count is asked about however young it is, and again after the same time', async () => {
    const confirm = () => introspector.confirm({ hash: 'hash of jwt', token: 'jwt' }, 10);
    expect(await recheck(30, start / 1000)).toBeUndefined();
    const first = confirm();
    expect(tokensAsked()).toEqual(['jwt']);
    await asked[0]?.answer(claims);
    expect(await first).toEqual({ claims, at: start, source: 'introspection' });
    await pass(9.999);
    expect(await confirm()).toEqual({ claims, at: start, source: 'introspection-cache' });
    await pass(0.001);
    confirm().catch(() => undefined);
    expect(tokensAsked()).toEqual(['jwt', 'jwt']);
  });
});

describe('requests that ask about one token at the same time', () => {
  it('share one question, and its answer', async () => {
    const findings = Promise.all(Array.from({ length: 1000 }, () => find('a')));
    await settled();
    await asked[0]?.answer(claims);
    const [first, ...others] = await findings;
    expect(tokensAsked()).toEqual(['a']);
    for (const other of others) expect(other).toEqual(first);
  });

  it('share one failure', async () => {
    const findings = Promise.allSettled([find('a'), find('a'), find('a', 0)]);
    await settled();
    await asked[0]?.fail(oddity);
    for (const finding of await findings) expect(finding).toEqual({ status: 'rejected', reason: oddity });
    expect(tokensAsked()).toEqual(['a']);
  });

  it('that want to know now share the next question, which is sent when the first is answered', async () => {
    const first = find('a');
    const strict = [find('a', 0), find('a', 0), find('a', 0)];
    await settled();
    expect(tokensAsked()).toEqual(['a']);
    await asked[0]?.answer(claims);
    expect(await first).toMatchObject({ claims });
    expect(tokensAsked()).toEqual(['a', 'a']);
    const late = find('a', 0);
    await settled();
    expect(asked).toHaveLength(2);
    await asked[1]?.answer('inactive');
    expect(await Promise.all(strict)).toEqual(
      Array(3).fill({ claims: 'inactive', at: start, source: 'introspection' }),
    );
    await asked[2]?.answer('inactive');
    expect(await late).toMatchObject({ claims: 'inactive' });
    expect(asked).toHaveLength(3);
  });

  it('that want to know now join a question that was not sent yet', async () => {
    open({ callsInFlight: 2 });
    find('other').catch(() => undefined);
    const waiting = [find('a'), find('a', 0)];
    await settled();
    expect(tokensAsked()).toEqual(['other']);
    await asked[0]?.answer(claims);
    expect(tokensAsked()).toEqual(['other', 'a']);
    await asked[1]?.answer(claims);
    expect(await Promise.all(waiting)).toHaveLength(2);
    expect(asked).toHaveLength(2);
  });

  it('join a question only while it is young enough for them', async () => {
    find('a').catch(() => undefined);
    await pass(2);
    find('a', 3).catch(() => undefined);
    find('a', 2).catch(() => undefined);
    await asked[0]?.answer(claims);
    expect(asked).toHaveLength(2);
  });

  it('change nothing when they go away', async () => {
    const gone = find('a');
    gone.catch(() => undefined);
    await settled();
    await asked[0]?.answer(claims);
    expect(await find('a')).toMatchObject({ source: 'introspection-cache' });
    expect(introspector.health()).toMatchObject({ inFlight: 0, waiting: 0, cachedAnswers: 1 });
  });

  it('ask again after a failure', async () => {
    await failFor(['a'], oddity);
    expect((await learn('a')).claims).toEqual(claims);
  });
});

describe('a flood of tokens that nobody knows', () => {
  it('takes half of the questions at the most, and the tokens that were active before pass', async () => {
    open({ callsInFlight: 8, cacheSeconds: 0 });
    await learn('good');
    const flood = Array.from({ length: 2000 }, (_, index) => find(`garbage ${index}`));
    const outcomes = Promise.allSettled(flood);
    await settled();
    expect(introspector.health()).toMatchObject({ inFlight: 4, waiting: 500 });
    expect(await learn('good')).toMatchObject({ claims });
    await pass(1);
    for (const { answer } of asked.slice(1)) await answer('inactive');
    const busy = (await outcomes).filter(({ status }) => status === 'rejected');
    expect(busy).toHaveLength(2000 - 4);
    expect(busy[0]).toMatchObject({ reason: { code: 'ERR_INTROSPECTION_BUSY', status: 503 } });
    expect(introspector.health()).toMatchObject({ inFlight: 0, waiting: 0, refused: 2000 - 4 });
  });

  it('does not lend itself the rights of a token that has ended', async () => {
    open({ callsInFlight: 2, cacheSeconds: 0, inactiveSeconds: 0 });
    await learn('ended');
    await learn('ended', 'inactive');
    find('garbage').catch(() => undefined);
    find('ended').catch(() => undefined);
    expect(tokensAsked()).toEqual(['ended', 'ended', 'garbage']);
  });
});

describe('an issuer that is out', () => {
  it('is not asked after five tokens have met it, until a pause is over', async () => {
    await failFor(fiveTokens);
    await expect(find('six')).rejects.toMatchObject({
      code: outage.code,
      status: 503,
      retryAfterSeconds: 1,
      cause: outage,
    });
    expect(asked).toHaveLength(5);
    await pass(1);
    expect(await learn('six')).toMatchObject({ claims });
    expect(await learn('one')).toMatchObject({ claims });
  });

  it('is asked one question after the pause, while others are refused at once', async () => {
    open({ callsInFlight: 2 });
    await failFor(fiveTokens);
    await pass(1);
    const probe = expect(find('six')).rejects.toBe(outage);
    await expect(find('seven')).rejects.toMatchObject({ code: outage.code });
    await asked.at(-1)?.fail(outage);
    await probe;
    await pass(1.999);
    await expect(find('six')).rejects.toMatchObject({ code: outage.code });
    expect(asked).toHaveLength(6);
  });

  it('leaves what is known of tokens as it was', async () => {
    await learn('a');
    await failFor(fiveTokens);
    await pass(9.9);
    expect(await find('a')).toMatchObject({ claims, source: 'introspection-cache' });
  });

  it.each([
    ['known', { callsInFlight: 5, callsPerSecond: 9 }],
    ['unknown', { callsInFlight: 10, callsPerSecond: 18 }],
  ] as const)('refuses at once those who wait for their turn with %s tokens', async (standing, settings) => {
    open({ ...settings, cacheSeconds: 0, waitSeconds: 2 });
    const tokens = Array.from({ length: 20 }, (_, index) => `token ${index}`);
    for (const token of standing === 'known' ? tokens : []) {
      await learn(token);
      await pass(1);
    }
    const findings = Promise.allSettled(tokens.map((token) => find(token)));
    await settled();
    const failing = asked.splice(-5);
    expect(introspector.health()).toMatchObject({ inFlight: 5, waiting: 15 });
    for (const question of failing.slice(0, 4)) await question.fail(outage);
    expect(introspector.health()).toMatchObject({ inFlight: 5, waiting: 11, breakers: { [standing]: 'closed' } });
    await failing[4]?.fail(outage);
    expect(introspector.health()).toMatchObject({ inFlight: 4, waiting: 0, breakers: { [standing]: 'open' } });
    for (const question of asked.slice(-4)) await question.fail(outage);
    for (const finding of await findings) expect(finding).toMatchObject({ reason: { code: outage.code } });
  });

  it('is asked one question after the pause, however many have waited for their turn since', async () => {
    open({ callsInFlight: 4, cacheSeconds: 0 });
    for (const token of ['slow', 'slow too', ...fiveTokens]) await learn(token);
    const first = asked.length;
    for (const token of ['slow', 'slow too', 'new']) find(token).catch(() => undefined);
    await settled();
    await failFor(fiveTokens);
    find('newer').catch(() => undefined);
    await pass(1);
    const probe = find('one');
    const other = expect(find('two')).rejects.toMatchObject({ code: outage.code });
    await settled();
    expect(introspector.health()).toMatchObject({ inFlight: 4, waiting: 2, breakers: { known: 'half-open' } });
    for (const question of asked.slice(first)) if (question.token.startsWith('new')) await question.answer('inactive');
    await other;
    await asked.at(-1)?.answer(claims);
    expect(await probe).toMatchObject({ claims });
  });

  it('is still asked about tokens that were active before, when only made-up ones have met it', async () => {
    open({ cacheSeconds: 0 });
    await learn('good');
    await failFor(fiveTokens);
    expect(introspector.health()).toMatchObject({
      breakers: { known: 'closed', unknown: 'open' },
      lastError: outage.code,
      refused: 5,
    });
    expect(await learn('good')).toMatchObject({ claims });
    expect(introspector.health()).not.toHaveProperty('lastError');
  });

  it('is not taken to be out because of answers that it gives', async () => {
    for (let round = 0; round < 10; round += 1) await failFor(fiveTokens, oddity);
    expect(introspector.health()).toMatchObject({ breakers: { unknown: 'closed' }, lastError: oddity.code });
    expect(await learn('a')).toMatchObject({ claims });
  });

  it('is not taken to be out because of our own bugs, which pass through', async () => {
    for (let round = 0; round < 2; round += 1) await failFor(fiveTokens, new TypeError('a bug'));
    expect(introspector.health().breakers.unknown).toBe('closed');
  });
});

describe('a closed introspector', () => {
  it('refuses what waits and what comes, whatever is known', async () => {
    open({ callsInFlight: 2 });
    await learn('known');
    const closed = { code: 'ERR_VERIFIER_CLOSED', status: 503 };
    const running = find('a');
    const waiting = expect(find('b')).rejects.toMatchObject(closed);
    await settled();
    introspector.close();
    await waiting;
    await expect(find('known')).rejects.toMatchObject(closed);
    await asked.at(-1)?.answer(claims);
    expect(await running).toMatchObject({ claims });
  });
});
