// @ts-check
/** @import { Mutation } from './mutations.mjs' */

/** Before the proof. @type {readonly Mutation[]} */
export const ofRevokedTokens = [
  {
    check: 'a revoked token uses up no proof',
    rows: [],
    find: "isAsked || method !== 'none' ? findDoubt(known.agent) : undefined",
    replace: 'undefined as UnavailableError | undefined',
  },
  {
    check: 'no issuer stands in for a list that is behind unless it is to',
    rows: [],
    find: "if (introspection?.whenBehind !== 'ask') throw doubt;",
    replace: 'if (introspection === undefined) throw doubt;',
  },
  {
    check: 'what an issuer says in place of a list is as young as the options say',
    rows: [],
    find: 'Math.min(introspection.cacheSeconds, limitOf(token, maxStatusAgeSeconds))',
    replace: 'limitOf(token, maxStatusAgeSeconds)',
  },
  {
    check: 'an issuer has to say something in place of a list',
    rows: [],
    find: 'isHeard && statusWithin <= bound ? claim',
    replace: 'statusWithin <= Number.POSITIVE_INFINITY ? claim',
  },
  {
    check: 'what an issuer said in place of a list ages while its request lasts',
    rows: [],
    find: 'status !== undefined && isFresh(status.at, Math.max(bound, newsSeconds), now())',
    replace: 'status !== undefined',
  },
  {
    check: 'an agent that is kept is asked about while a list is behind',
    rows: [],
    find: 'new Claim(known, known.token, known.agent, undefined)',
    replace: 'known',
  },
];

/** Every guard. @type {readonly Mutation[]} */
export const ofRevokedAgents = [
  {
    check: 'every guard asks whether the token is revoked',
    rows: ['REV-01'],
    find: '    return findDoubt(agent);\n',
    replace: '    return undefined;\n',
  },
  {
    check: 'what was revoked while the issuer answered is refused',
    rows: [],
    find: '      refuseEnded(current);\n      return current;',
    replace: '      return current;',
  },
];

/** What an entry is about. @type {readonly Mutation[]} */
export const ofRevocationTables = [
  { check: 'an entry ends', rows: [], find: 'if (now >= entry.expiresAt) continue;', replace: '' },
  {
    check: 'tokens that were issued later are good',
    rows: [],
    find: 'if (!(token.issuedAt.getTime() / 1000 >= entry.issuedBefore)) return entry;',
    replace: 'return entry;',
  },
  {
    check: 'a client is no actor',
    rows: [],
    find: "entries.actor.size > 0 && actor.source === 'act'",
    replace: 'entries.actor.size > 0',
  },
  {
    check: 'a revocation that arrives late takes nothing back',
    rows: [],
    find: 'issuedBefore: Math.max(one.issuedBefore, other.issuedBefore),',
    replace: 'issuedBefore: later.issuedBefore,',
  },
  {
    check: 'a revocation that arrives late ends none earlier',
    rows: [],
    find: 'expiresAt: Math.max(one.expiresAt, other.expiresAt),',
    replace: 'expiresAt: later.expiresAt,',
  },
];

/** What is held. @type {readonly Mutation[]} */
export const ofRevocationLists = [
  {
    check: 'a full list says so',
    rows: [],
    find: "if (known === undefined && table.size >= maxEntries) throw new RevocationError('ERR_REVOCATION_LIST_FULL');",
    replace: 'if (known === undefined && table.size >= maxEntries) return;',
  },
  {
    check: 'a clock that is set back brings nothing back',
    rows: [],
    find: 'if (nowSeconds < forgotten.until && ',
    replace: 'if (nowSeconds < 0 && ',
  },
  {
    check: 'a full list looks for room before it says so',
    rows: [],
    find: 'while (table.size >= maxEntries && walkedTo !== undefined) walkedTo = sweep(walkedTo, nowSeconds);',
    replace: '',
  },
  {
    check: 'a page has no entries that have expired',
    rows: [],
    find: 'values.filter(({ expiresAt }) => expiresAt > nowSeconds)',
    replace: 'values',
  },
  {
    check: 'an entry stays beyond its time',
    rows: [],
    find: 'entry.expiresAt + graceSeconds',
    replace: 'entry.expiresAt',
  },
];

/** Who may, and for how long; and what a list has to say for itself. @type {readonly Mutation[]} */
export const ofRevocations = [
  {
    check: 'an issuer stands in for a list that is behind, and for no other',
    rows: [],
    find: "error instanceof UnavailableError && error.code === 'ERR_REVOCATIONS_BEHIND'",
    replace: 'error instanceof UnavailableError',
  },
  {
    check: 'an author lifts entries of its own alone',
    rows: [],
    find: "if (read.author !== author) throw new RevocationError('ERR_REVOCATION_AUTHOR');",
    replace: '',
  },
  {
    check: 'the clock of the issuer may be ahead',
    rows: [],
    find: 'known.at + tolerance + (endsForGood',
    replace: 'known.at + (endsForGood',
  },
  {
    check: 'a session that was ended stays ended',
    rows: [],
    find: '(endsForGood.includes(kind) ? lifetime : 0)',
    replace: '0',
  },
];

/** What an agent may revoke over HTTP. @type {readonly Mutation[]} */
export const ofReadRevocations = [
  {
    check: 'who revokes what is not its own has the admin scope',
    rows: [],
    find: 'if (!isOwn(agent, revocation)) {',
    replace: 'if (agent.sub === undefined) {',
  },
  {
    check: 'times of its own choice take the admin scope',
    rows: [],
    find: 'if (revocation.issuedBefore !== undefined || revocation.expiresAt !== undefined) return false;',
    replace: '',
  },
  {
    check: 'a list of everything takes the admin scope',
    rows: [],
    find: "    if (outcome.outcome === 'refused') return outcome.response;\n    const page",
    replace: '    const page',
  },
  {
    check: 'a query that is not known is answered by no list',
    rows: [],
    find: "if (!isKnown || isRepeated || query.get('all') !== '') return undefined;",
    replace: '',
  },
  {
    check: 'the author is the caller',
    rows: [],
    find: '.refine(({ author }) => author === undefined, {',
    replace: '.refine(() => true, {',
  },
];
