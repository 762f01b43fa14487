// @ts-check
/** @import { Mutation } from './mutations.mjs' */

/** Whether a command goes out, and what becomes of its answer. @type {readonly Mutation[]} */
export const ofRedisConnections = [
  {
    check: 'a script that Redis has forgotten is sent in full',
    rows: [],
    find: "if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;",
    replace: 'throw error;',
  },
  {
    check: 'what was written, and a slot that moved, is written again where it belongs',
    rows: [],
    find: '/^(?:NOSCRIPT|MOVED) /',
    replace: '/^(?:NOSCRIPT) /',
  },
  {
    check: 'replicas are waited for',
    rows: [],
    find: "if (Number(count) < replicas) throw new Error('too few replicas have it');",
    replace: '',
  },
  {
    check: 'a number of calls under way is enough',
    rows: [],
    find: 'if (underWay.size >= mostCalls) throw failure(unavailable);',
    replace: '',
  },
  {
    check: 'an answer comes in time or not at all',
    rows: [],
    find: 'const answered = await within(timeoutSeconds, answer);',
    replace: 'const answered = await answer;',
  },
  {
    check: 'an answer that lies there to be read counts',
    rows: [],
    find: 'setTimeout(() => setImmediate(giveUp), seconds * 1000)',
    replace: 'setTimeout(giveUp, seconds * 1000)',
  },
  {
    check: 'what is under way when all is closed is waited for',
    rows: [],
    find: '      await within(timeoutSeconds, Promise.allSettled(underWay)).catch(() => undefined);\n',
    replace: '',
  },
];

/** How the connection of the stores differs from the one of the application. @type {readonly Mutation[]} */
export const ofConnectionOptions = [
  {
    check: 'nothing is sent again on another connection',
    rows: [],
    find: 'autoResendUnfulfilledCommands: false,\n    maxRetriesPerRequest: 0,',
    replace: 'autoResendUnfulfilledCommands: true,\n    maxRetriesPerRequest: null,',
  },
  {
    check: 'what the application lets its commands take is nothing to the stores',
    rows: [],
    find: '    commandTimeout: 2 * timeoutSeconds * 1000,\n',
    replace: '',
  },
  {
    check: 'a connection on which nobody answers is dropped',
    rows: [],
    find: '    socketTimeout: 2 * timeoutSeconds * 1000,\n',
    replace: '',
  },
  {
    check: 'the stores connect by themselves',
    rows: [],
    find: '    lazyConnect: false,\n    // A script that records',
    replace: '    // A script that records',
  },
];
