import { BoundedMap } from '../bounded-map.ts';
import { UnavailableError } from '../errors.ts';
import { freezeDeeply } from '../freeze.ts';
import { createAnswerCache, type DatedAnswer, type IssuerAnswer } from './answer-cache.ts';
import { type BreakerState, createBreaker } from './breaker.ts';
import { createCallLimiter, type Standing, standings } from './call-limiter.ts';
import { isFresh } from './freshness.ts';
import type { QuestionSettings } from './options.ts';

/** What the issuer says of a token, and since when that is known. */
export interface Finding extends DatedAnswer {
  readonly source: 'introspection' | 'introspection-cache';
}

/** A JWT whose signature was verified here. */
interface SignedToken {
  /** SHA-256 of the token. */
  readonly hash: string;
  readonly token: string;
  readonly issuedAtSeconds: number;
}

/** The state of the questions to one issuer about its tokens. */
export interface IntrospectionHealth {
  /**
   * `open`: the issuer is out, and is not asked; `half-open`: one question is let through to see whether it still is. Apart for
   * tokens that were active before and for others: what anybody sends cannot stop the questions about good tokens.
   */
  readonly breakers: { readonly known: BreakerState; readonly unknown: BreakerState };
  /** Why the last question had no answer; absent when it had one. */
  readonly lastError?: UnavailableError['code'];
  /** Questions under way. */
  readonly inFlight: number;
  /** Questions that wait for their turn. */
  readonly waiting: number;
  /** Requests that had no answer so far: too many at once, or the issuer is out. */
  readonly refused: number;
  /** Answers about active tokens that are held. */
  readonly cachedAnswers: number;
}

/**
 * Asks one issuer about tokens, through what is known already, and within limits. Of one token there is at most one question
 * under way, and at most one that will be sent after it: for all who may not be content with the first, because it was sent
 * too long before they came. Callers that go away change nothing of it.
 */
export interface Introspector {
  /**
   * What the issuer says of an opaque token, learned less than `maxAgeSeconds` ago: at 0, by a question that was sent after
   * this call. `cacheSeconds` is the most, and the default. Claims are frozen, because they are shared; nothing of them was checked.
   *
   * @param hash SHA-256 of the token
   * @throws UnavailableError when the issuer cannot tell, or may not be asked now
   */
  find(hash: string, token: string, maxAgeSeconds?: number): Promise<Finding>;
  /**
   * The same for a JWT, where `maxAgeSeconds` alone decides what is too old; undefined where the token itself is younger. Its
   * signature is the word of the issuer that it was good when it was issued, unless the issuer was heard about it since.
   *
   * @throws UnavailableError
   */
  recheck(token: SignedToken, maxAgeSeconds: number): Promise<Finding | undefined>;
  /**
   * The same for a JWT however young it is: where its own word does not count.
   *
   * @throws UnavailableError
   */
  confirm(token: Omit<SignedToken, 'issuedAtSeconds'>, maxAgeSeconds: number): Promise<Finding>;
  health(): IntrospectionHealth;
  /** Refuses what waits, and everything from then on. What is under way is ended by whoever asks. */
  close(): void;
}

interface Question {
  readonly hash: string;
  readonly token: string;
  readonly standing: Standing;
  /** Whether an answer may be of use to later requests. */
  readonly isKept: boolean;
}

/** A question that is under way, or waits for its turn. */
interface Errand {
  readonly answer: Promise<Finding>;
  /** When the question was sent, in milliseconds since the epoch; undefined before. */
  readonly sent: { at?: number };
  /** The same question, which is sent when this one is answered. */
  next?: Errand;
}

/** Tokens that are remembered as having been active: longer than answers count, and without their claims. */
const maxKnown = 50_000;

export function createIntrospector(options: {
  /** Asks the issuer. Rejects with an `UnavailableError` when the issuer cannot tell, within a time of its own. */
  readonly ask: (token: string) => Promise<IssuerAnswer>;
  /** Whether this says something of the issuer, and not of the one token that was asked about. */
  readonly isOutage: (fault: UnavailableError) => boolean;
  readonly settings: QuestionSettings;
  readonly now: () => number;
}): Introspector {
  const { ask, isOutage, settings, now } = options;
  const { cacheSeconds, inactiveSeconds, cachedAnswers } = settings;
  const answers = createAnswerCache({ capacity: cachedAnswers, inactiveSeconds, now });
  const limiter = createCallLimiter({ ...settings, now });
  const breakers = {
    known: createBreaker(now, (fault) => limiter.refuseWaiting('known', fault)),
    unknown: createBreaker(now, (fault) => limiter.refuseWaiting('unknown', fault)),
  };
  const known = new BoundedMap<string, true>(maxKnown);
  const errands = new Map<string, Errand>();
  let lastFault: UnavailableError | undefined;
  let refused = 0;
  let isClosed = false;

  async function learn(question: Question, maxAgeSeconds: number): Promise<Finding> {
    if (isClosed) throw closed();
    const answer = answers.find(question.hash, maxAgeSeconds);
    if (answer !== undefined) return { claims: answer.claims, at: answer.at, source: 'introspection-cache' };
    try {
      return await joinErrand(question, maxAgeSeconds).answer;
    } catch (error) {
      refused += 1;
      throw error;
    }
  }

  function joinErrand(question: Question, maxAgeSeconds: number): Errand {
    const current = errands.get(question.hash);
    if (current === undefined) {
      refuseDuringOutage(question.standing);
      const errand = start(question);
      errands.set(question.hash, errand);
      return errand;
    }
    const { sent } = current;
    if (sent.at === undefined || isFresh(sent.at, maxAgeSeconds, now())) return current;
    // What fails for the first fails for both: the issuer could not tell, a moment ago.
    current.next ??= start(question, current.answer);
    return current.next;
  }

  function start(question: Question, before?: Promise<Finding>): Errand {
    const sent: Errand['sent'] = {};
    const answer = before === undefined ? run(question, sent) : before.then(() => run(question, sent));
    return { answer, sent };
  }

  async function run(question: Question, sent: Errand['sent']): Promise<Finding> {
    const { hash, standing } = question;
    try {
      const finding = await limiter.run(standing, () => send(question, sent));
      const next = errands.get(hash)?.next;
      if (next === undefined) errands.delete(hash);
      else errands.set(hash, next);
      return finding;
    } catch (error) {
      errands.delete(hash);
      throw error;
    }
  }

  async function send({ hash, token, standing, isKept }: Question, sent: Errand['sent']): Promise<Finding> {
    refuseDuringOutage(standing);
    const end = breakers[standing].send(hash);
    const at = now();
    sent.at = at;
    try {
      const claims = freezeDeeply(await ask(token));
      end(undefined);
      lastFault = undefined;
      if (claims === 'inactive') known.delete(hash);
      else known.set(hash, true);
      answers.keep(hash, { claims, at }, isKept);
      return { claims, at, source: 'introspection' };
    } catch (error) {
      const fault = error instanceof UnavailableError ? error : undefined;
      end(fault !== undefined && isOutage(fault) ? fault : undefined);
      lastFault = fault;
      throw error;
    }
  }

  function confirm({ hash, token }: Omit<SignedToken, 'issuedAtSeconds'>, maxAgeSeconds: number): Promise<Finding> {
    return learn({ hash, token, standing: 'known', isKept: true }, maxAgeSeconds);
  }

  function refuseDuringOutage(standing: Standing): void {
    const fault = breakers[standing].fault();
    if (fault !== undefined) throw fault;
  }

  return {
    find(hash, token, maxAgeSeconds = cacheSeconds) {
      const standing = known.get(hash) ? 'known' : 'unknown';
      const question: Question = { hash, token, standing, isKept: cacheSeconds > 0 };
      return learn(question, Math.min(maxAgeSeconds, cacheSeconds));
    },
    async recheck({ hash, token, issuedAtSeconds }, maxAgeSeconds) {
      const isYoung = isFresh(issuedAtSeconds * 1000, maxAgeSeconds, now());
      if (isYoung && !answers.knows(hash)) return undefined;
      return confirm({ hash, token }, maxAgeSeconds);
    },
    confirm,
    health: () => ({
      breakers: { known: breakers.known.state, unknown: breakers.unknown.state },
      ...(lastFault === undefined ? {} : { lastError: lastFault.code }),
      inFlight: limiter.inFlight,
      waiting: limiter.waiting,
      refused,
      cachedAnswers: answers.size,
    }),
    close() {
      isClosed = true;
      for (const standing of standings) limiter.refuseWaiting(standing, closed());
    },
  };
}

function closed(): UnavailableError {
  return new UnavailableError('ERR_VERIFIER_CLOSED', 1);
}
