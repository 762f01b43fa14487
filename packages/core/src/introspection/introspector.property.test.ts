import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { UnavailableError } from '../errors.ts';
import type { IssuerAnswer } from './answer-cache.ts';
import { createIntrospector, type Finding, type Introspector } from './introspector.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
});
afterEach(() => vi.useRealTimers());

const cacheSeconds = 10;
const callsInFlight = 4;
const tokens = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

type Step =
  | { readonly what: 'find'; readonly token: string; readonly maxAgeSeconds: number | undefined }
  | { readonly what: 'garbage'; readonly count: number }
  | { readonly what: 'answer'; readonly which: number; readonly answer: 'active' | 'inactive' | 'outage' | 'odd' }
  | { readonly what: 'pass'; readonly milliseconds: number };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constant('find' as const),
      token: fc.constantFrom(...tokens),
      maxAgeSeconds: fc.constantFrom(undefined, undefined, 0, 1, 3, 60),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ what: fc.constant('garbage' as const), count: fc.integer({ min: 1, max: 30 }) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constant('answer' as const),
      which: fc.nat({ max: 5 }),
      answer: fc.constantFrom('active', 'active', 'active', 'inactive', 'outage', 'odd'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      what: fc.constant('pass' as const),
      milliseconds: fc.constantFrom(1, 500, 999, 1000, 2999, 5000, 10_000),
    }),
  },
);

interface Asked {
  readonly token: string;
  readonly order: number;
  readonly at: number;
  readonly resolve: (answer: IssuerAnswer) => void;
  readonly reject: (error: unknown) => void;
}

/** What every request found, and the issuer said, held against each other. */
class Play {
  readonly introspector: Introspector;
  readonly underWay: Asked[] = [];
  /** The last answer about each token. */
  readonly said = new Map<string, { readonly claims: IssuerAnswer; readonly at: number }>();
  /** Everything that was ever said, by token and time. */
  readonly everSaid = new Map<string, IssuerAnswer>();
  readonly orders = new Map<string, number>();
  readonly faults: unknown[] = [];
  /** Counts requests and questions together: which was first. */
  order = 0;
  settled = 0;
  requests = 0;

  constructor() {
    this.introspector = createIntrospector({
      ask: (token) => this.#ask(token),
      isOutage: ({ code }) => code === 'ERR_METADATA_UNAVAILABLE',
      settings: {
        cacheSeconds,
        inactiveSeconds: 5,
        cachedAnswers: 100,
        callsInFlight,
        callsPerSecond: 20,
        waitSeconds: 1,
      },
      now: Date.now,
    });
  }

  #ask(token: string): Promise<IssuerAnswer> {
    expect(this.underWay.map((question) => question.token)).not.toContain(token);
    expect(this.underWay.length).toBeLessThan(callsInFlight);
    this.order += 1;
    const { order } = this;
    return new Promise((resolve, reject) => {
      this.underWay.push({ token, order, at: Date.now(), resolve, reject });
    });
  }

  find(token: string, maxAgeSeconds: number | undefined): void {
    this.order += 1;
    this.requests += 1;
    const request = {
      token,
      order: this.order,
      at: Date.now(),
      age: Math.min(maxAgeSeconds ?? cacheSeconds, cacheSeconds),
    };
    const known = this.said.get(token);
    const isKnown = known !== undefined && known.claims !== 'inactive' && isGood(known.claims, known.at, request);
    this.introspector
      .find(token, token, maxAgeSeconds)
      .then(
        (finding) => {
          this.#judge(request, finding);
          // Nothing that came meanwhile has pushed it out, and no outage matters to it.
          if (isKnown) expect(finding).toEqual({ ...known, source: 'introspection-cache' });
        },
        (error) => {
          expect(error).toBeInstanceOf(UnavailableError);
          expect(isKnown).toBe(false);
        },
      )
      .catch((fault: unknown) => this.faults.push(fault))
      .finally(() => {
        this.settled += 1;
      });
  }

  #judge(request: { token: string; order: number; at: number; age: number }, { claims, at, source }: Finding): void {
    const name = `${request.token} ${at}`;
    expect(claims).toEqual(this.everSaid.get(name));
    if (source === 'introspection-cache') expect(isGood(claims, at, request)).toBe(true);
    // Learned less than so long before the request; for a demand for now, asked after it.
    if (request.age === 0) expect(this.orders.get(name)).toBeGreaterThan(request.order);
    else expect(at).toBeGreaterThan(request.at - request.age * 1000);
  }

  answer(which: number, answer: (Step & { what: 'answer' })['answer']): void {
    const [question] = this.underWay.splice(which % Math.max(1, this.underWay.length), 1);
    if (question === undefined) return;
    const { token, at, order } = question;
    if (answer === 'outage') question.reject(new UnavailableError('ERR_METADATA_UNAVAILABLE', 1));
    else if (answer === 'odd') question.reject(new UnavailableError('ERR_METADATA_INVALID', 1));
    else {
      const exp = Math.floor(Date.now() / 1000) + (order % 7);
      const claims = answer === 'inactive' ? answer : { active: true, order, ...(order % 2 === 0 ? { exp } : {}) };
      this.said.set(token, { claims, at });
      this.everSaid.set(`${token} ${at}`, claims);
      this.orders.set(`${token} ${at}`, order);
      question.resolve(claims);
    }
  }

  async take(step: Step): Promise<void> {
    if (step.what === 'find') this.find(step.token, step.maxAgeSeconds);
    else if (step.what === 'answer') this.answer(step.which, step.answer);
    else if (step.what === 'pass') await vi.advanceTimersByTimeAsync(step.milliseconds);
    else {
      for (let count = 0; count < step.count; count += 1) this.find(`garbage ${this.requests}`, undefined);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Everybody has an answer once the issuer has answered everything, and waiting has taken too long. */
  async end(): Promise<void> {
    for (let round = 0; round < 100 && this.settled < this.requests; round += 1) {
      await this.take({ what: 'answer', which: 0, answer: 'inactive' });
      await this.take({ what: 'pass', milliseconds: 100 });
    }
    expect(this.faults).toEqual([]);
    expect(this.settled).toBe(this.requests);
    expect(this.introspector.health()).toMatchObject({ inFlight: 0, waiting: 0 });
    expect(vi.getTimerCount()).toBe(0);
  }
}

/** Young enough, and not past its end, at the time of a request. */
function isGood(claims: IssuerAnswer, at: number, request: { readonly at: number; readonly age: number }): boolean {
  const exp = claims === 'inactive' ? undefined : claims['exp'];
  return request.at < at + request.age * 1000 && !(typeof exp === 'number' && request.at >= exp * 1000);
}

it('finds what the issuer said, no older than demanded and never past the end of a token, for all who ask', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { minLength: 1, maxLength: 80, size: 'max' }), async (steps) => {
      vi.setSystemTime(1_800_000_000_000);
      const play = new Play();
      for (const step of steps) await play.take(step);
      await play.end();
    }),
  );
});
