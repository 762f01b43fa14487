// @ts-check
/** @import { Mutation } from './mutations.mjs' */

/** How old an answer may be. @type {readonly Mutation[]} */
export const ofFreshness = [
  {
    check: 'what is as old as the limit is too old, and a demand for now is met by nothing known',
    rows: [],
    find: 'age < maxAgeSeconds',
    replace: 'age <= maxAgeSeconds',
  },
  { check: 'what is dated in the future is of no known age', rows: [], find: 'age >= 0 && ', replace: '' },
];

/** What is kept of answers. @type {readonly Mutation[]} */
export const ofAnswers = [
  {
    check: 'no answer outlives its token',
    rows: [],
    find: 'if (!isBeforeExpiry(known.claims, time)) active.delete(hash);\n        else if',
    replace: 'if',
  },
  {
    check: 'an answer that a token is not active counts for less than others',
    rows: [],
    find: 'Math.min(inactiveSeconds, maxAgeSeconds)',
    replace: 'maxAgeSeconds',
  },
  {
    check: 'an answer that a token is not active is as young as demanded',
    rows: [],
    find: 'Math.min(inactiveSeconds, maxAgeSeconds)',
    replace: 'inactiveSeconds',
  },
  {
    check: 'a newer answer ends what was known',
    rows: [],
    find: '      active.delete(hash);\n      inactive',
    replace: '      inactive',
  },
  {
    check: 'answers about bad tokens push out none about good ones',
    rows: [],
    find: "if (claims === 'inactive' && inactiveSeconds > 0) inactive.set(hash, at);",
    replace:
      "if (claims === 'inactive' && inactiveSeconds > 0) {\n        inactive.set(hash, at);\n        active.set(hash, { claims: { exp: 0 }, at });\n      }",
  },
];

/** Who may be asked about, and when. @type {readonly Mutation[]} */
export const ofLimits = [
  {
    check: 'half of the calls at the same time are kept for known tokens',
    rows: [],
    find: 'Math.floor(callsInFlight / 2)',
    replace: 'callsInFlight',
  },
  {
    check: 'half of the calls in a second are kept for known tokens',
    rows: [],
    find: 'callsPerSecond / 2, now',
    replace: 'callsPerSecond, now',
  },
  {
    check: 'calls are as many at the same time as may be',
    rows: [],
    find: 'if (inFlight >= slots) return Infinity;',
    replace: '',
  },
  {
    check: 'calls are as many in a second as may be',
    rows: [],
    find: 'return Math.max(0, (1 - saved) / perSecond);',
    replace: 'return 0;',
  },
  {
    check: 'no more wait than there are places',
    rows: [],
    find: 'if (line.size >= places[standing]) throw busy();',
    replace: '',
  },
  {
    check: 'nobody waits for too long',
    rows: [],
    find: 'setTimeout(() => waiter.refuse(busy()), waitSeconds * 1000)',
    replace: 'setTimeout(() => undefined, waitSeconds * 1000)',
  },
  {
    check: 'calls that were not made are not saved up for ever',
    rows: [],
    find: 'Math.min(perSecond, saved + ',
    replace: '(saved + ',
  },
];

/** When an issuer is left alone. @type {readonly Mutation[]} */
export const ofBreakers = [
  {
    check: 'a single outage does not stop the questions',
    rows: [],
    find: 'if (hit.size >= tokensToOpen) open',
    replace: 'open',
  },
  { check: 'an answer ends the count', rows: [], find: '    hit.clear();\n', replace: '' },
  {
    check: 'one token counts once',
    rows: [],
    find: 'hit.add(hash);',
    replace: 'hit.add(hash + hit.size);',
  },
  { check: 'one question is let through after a pause', rows: [], find: 'left > 0 || isProbing', replace: 'left > 0' },
  { check: 'pauses become longer', rows: [], find: 'pause.seconds * 2', replace: 'pause.seconds' },
  {
    check: 'a pause ends when the clock is set back',
    rows: [],
    find: 'elapsed >= 0 ? Math.max(0, seconds - elapsed) : 0',
    replace: 'Math.max(0, seconds - elapsed)',
  },
];

/** What becomes of a question. @type {readonly Mutation[]} */
export const ofQuestions = [
  {
    check: 'an answer counts for no longer than configured',
    rows: [],
    find: 'Math.min(maxAgeSeconds, cacheSeconds)',
    replace: 'maxAgeSeconds',
  },
  {
    check: 'a demand for now joins no question that was sent before',
    rows: [],
    find: 'sent.at === undefined || isFresh',
    replace: 'sent.at !== null || isFresh',
  },
  {
    check: 'of one token one question is under way',
    rows: [],
    find: 'else errands.set(hash, next);',
    replace: 'else errands.delete(hash);',
  },
  {
    check: 'what fails is asked about again',
    rows: [],
    find: '      errands.delete(hash);\n      throw error;',
    replace: '      throw error;',
  },
  {
    check: 'a token that has ended is known no more',
    rows: [],
    find: "if (claims === 'inactive') known.delete(hash);\n      else known.set",
    replace: "if (claims !== 'inactive') known.set",
  },
  {
    check: 'a JWT that was verified is known',
    rows: [],
    find: "standing: 'known', isKept: true",
    replace: "standing: 'unknown', isKept: true",
  },
  {
    check: 'a JWT that is older than the demand is asked about',
    rows: [],
    find: 'isFresh(issuedAtSeconds * 1000, maxAgeSeconds, now());',
    replace: 'isFresh(now(), maxAgeSeconds, now());',
  },
  {
    check: 'a young JWT that the issuer spoke of is not taken for what it was when it was issued',
    rows: [],
    find: 'isYoung && !answers.knows(hash)',
    replace: 'isYoung',
  },
  {
    check: 'nothing is asked during a pause',
    rows: [],
    find: '      refuseDuringOutage(question.standing);\n',
    replace: '',
  },
  {
    check: 'whoever waited is not asked about during a pause',
    rows: [],
    find: '    refuseDuringOutage(standing);\n',
    replace: '',
  },
  {
    check: 'an odd token opens nothing',
    rows: [],
    find: 'fault !== undefined && isOutage(fault) ? fault : undefined',
    replace: 'fault',
  },
  {
    check: 'claims that are shared cannot be changed',
    rows: [],
    find: 'freezeDeeply(await ask(token))',
    replace: 'await ask(token)',
  },
  { check: 'nothing is answered after the end', rows: [], find: 'if (isClosed) throw closed();', replace: '' },
];
