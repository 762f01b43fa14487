import { createVerifier } from '@gatehouse/core';
import { resource, withToken } from './fixtures.mjs';
import { measure } from './monitor.mjs';
import { drive, format, megabytes } from './scenario.mjs';

/** @typedef {import('./fixtures.mjs').HttpRequest} HttpRequest */

/**
 * @typedef {object} Flood
 * @property {number} count
 * @property {() => HttpRequest} make one request, which is like no other
 * @property {readonly string[]} answers what may become of one: the codes with which bad ones are refused, or `accepted`
 * @property {import('@gatehouse/core').VerifierOptions['issuers']} [issuers] default: the one issuer, by its identifier
 * @property {number} [remembered] how many tokens may be remembered at most. Default: none but the good ones
 */

/** Good requests for so many of a flood. */
const perGood = 250;
const atOnce = 256;
/** `keys.cooldownSeconds` by default. */
const cooldownSeconds = 5;
/** What a flood may leave behind, by itself: code that was compiled, and the like. */
const mostGrowth = 4e6;

/**
 * Sends floods to verifiers with the default options, while good requests go on: with remembered bearer tokens and with
 * proofs, in turns.
 *
 * @param {import('./fixtures.mjs').Fixture} fixture
 * @param {import('./scenario.mjs').Scenario} scenario
 */
export function createFloods(fixture, { print, say, expect }) {
  const agents = Array.from({ length: 16 }, () => fixture.createAgent());
  const bearers = Array.from({ length: 16 }, () => fixture.mint());
  let turn = 0;

  /** @returns {HttpRequest} */
  function makeGood() {
    turn += 1;
    const index = (turn >> 1) % agents.length;
    return turn % 2 === 0 ? withToken(bearers[index] ?? '') : /** @type {HttpRequest} */ (agents[index]?.prove());
  }

  return {
    /** A token that somebody may have found. */
    stolen: agents[0]?.token ?? '',
    /** @param {string} name @param {Flood} flood */
    async send(name, { count, make, answers: allowed, issuers = [fixture.issuer], remembered: most = 0 }) {
      const verifier = createVerifier({ resource, issuers });
      /** @type {Map<string, number>} */
      const answers = new Map();
      let good = 0;
      let refused = 0;

      /** @param {HttpRequest} request @returns {Promise<string>} */
      async function ask(request) {
        const answer = await verifier.check(request);
        return answer.outcome === 'refused' ? answer.error.code : answer.outcome;
      }

      /** @param {number} index */
      async function sendOne(index) {
        if (index % perGood === 0) {
          fixture.countKeyFetches(); // so that what the issuer notes of a flood is not what is measured
          good += 1;
          if ((await ask(makeGood())) !== 'accepted') refused += 1;
        }
        const answer = await ask(make());
        answers.set(answer, (answers.get(answer) ?? 0) + 1);
      }

      /** @param {number} some */
      const sendSome = (some) => measure(some, () => drive(some, atOnce, sendOne));

      // So that the code is compiled, and what is remembered is full.
      const warmUp = Math.max(5000, 2 * most);
      const before = await print(`${name}: ${format(warmUp)}`, [await sendSome(warmUp)]);
      const fetchesBefore = fixture.countKeyFetches();
      const start = performance.now();
      const sample = await sendSome(count);
      const fetchesAllowed = Math.ceil((performance.now() - start) / 1000 / cooldownSeconds) + 1;
      const after = await print(`${name}: ${format(count)}`, [sample]);

      const fetches = fixture.countKeyFetches() - fetchesBefore;
      const { cachedTokens } = verifier.health();
      const growth = after.heap + after.buffers - before.heap - before.buffers;
      say([...answers].map(([answer, times]) => `${answer} ${format(times)}`).join(', '));
      say(
        `${format(good - refused)} of ${format(good)} good ones accepted, keys fetched ${fetches} times, ${format(cachedTokens)} tokens remembered, ${megabytes(growth)} left behind`,
      );
      expect(
        [...answers.keys()].every((answer) => allowed.includes(answer)),
        `${name}: nothing becomes of them but ${allowed.join(', ')}`,
      );
      expect(refused === 0, `${name}: every good request is accepted`);
      expect(
        cachedTokens <= Math.max(most, agents.length + bearers.length),
        `${name}: no more tokens are remembered than may be`,
      );
      expect(fetches <= fetchesAllowed, `${name}: keys are fetched once in ${cooldownSeconds} s at most`);
      expect(growth < mostGrowth, `${name}: less than ${megabytes(mostGrowth)} stay behind`);
      await verifier.close();
    },
  };
}
