// @ts-check
/** @import { Mutation } from './mutations.mjs' */

/** What Redis does with revocations. @type {readonly Mutation[]} */
export const ofRevocationScripts = [
  {
    check: 'nobody has vouched for a new memory',
    rows: [],
    find: "'vouched', '0', 'count', '0')",
    replace: "'vouched', '1', 'count', '0')",
  },
  {
    check: 'a memory begins when it is first asked for',
    rows: [],
    find: "'from', from, 'vouched'",
    replace: "'from', '0', 'vouched'",
  },
  { check: 'the stream has an end', rows: [], find: "'MAXLEN', '~', 10000, '*'", replace: "'*'" },
  {
    check: 'INFO has to tell what a server of revocations is',
    rows: [],
    find: "if not role or not replid or not replicas or not policy then return 'info' end\n",
    replace: '',
  },
  {
    check: 'a replica tells nothing of revocations',
    rows: [],
    find: "if role ~= 'master' then return 'role' end\n",
    replace: '',
  },
  {
    check: 'a server that may evict keeps no revocations',
    rows: [],
    find: "if policy ~= 'noeviction' then return 'evicts' end\n",
    replace: '',
  },
  {
    check: 'the stream is read from where it was when all was read',
    rows: [],
    find: "local id = last[1] and last[1][1] or '0-0'",
    replace: "local id = '0-0'",
  },
  {
    check: 'an entry is put in the place of what was expected there',
    rows: [],
    find: "if sha ~= ARGV[4] then return 'is' .. sha .. (found or '') end",
    replace: '',
  },
  { check: 'what is put is told to all', rows: [], find: '  publish(ARGV[3])\n', replace: '' },
  {
    check: 'it is known when an entry goes',
    rows: [],
    find: "redis.call('ZADD', KEYS[3], ARGV[5], ARGV[2])\n",
    replace: '',
  },
  {
    check: 'an entry stays for an hour after it has expired',
    rows: [],
    find: "'-inf', now - 3600, 'LIMIT'",
    replace: "'-inf', now, 'LIMIT'",
  },
  {
    check: 'a call drops no more than a hundred entries',
    rows: [],
    find: ", 'LIMIT', 0, 100)",
    replace: ')',
  },
  { check: 'what has expired goes', rows: [], find: "  redis.call('HDEL', KEYS[2], unpack(expired))\n", replace: '' },
  {
    check: 'of what has expired nothing stays',
    rows: [],
    find: "  redis.call('ZREM', KEYS[3], unpack(expired))\n",
    replace: '',
  },
  {
    check: 'whoever puts an entry learns of which server it is',
    rows: [],
    find: "return 'ok' .. (string.match(read_info('replication'), 'master_replid:(%x+)') or '')",
    replace: "return 'ok'",
  },
  {
    check: 'somebody vouches for the memory that is meant',
    rows: [],
    find: "if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[2] then return 'other' end\n",
    replace: '',
  },
  {
    check: 'all pages are read',
    rows: [],
    find: 'local answer = { page[1] }',
    replace: "local answer = { '0' }",
  },
];

/** What a process writes and reads. @type {readonly Mutation[]} */
export const ofRevocationMemories = [
  {
    check: 'what is written and what is read is of one server',
    rows: [],
    find: 'if (readFrom === undefined || writtenTo === readFrom) return;',
    replace: 'return;',
  },
  {
    check: 'a record counts in its own place alone',
    rows: [],
    find: "found = change.kind !== 'unreadable' && change.entry.id === id ? change : undefined;",
    replace: "found = change.kind !== 'unreadable' ? change : undefined;",
  },
  {
    check: 'a memory is vouched for, or it is told that it is not',
    rows: [],
    find: "if ((await write(vouchScript, [epoch], 0)) !== 'ok') throw new UnavailableError('ERR_REVOCATIONS_BEHIND', 1);",
    replace: 'await write(vouchScript, [epoch], 0);',
  },
  {
    check: 'a demoted server is not read any more',
    rows: [],
    find: "if (refusal === 'ERR_REPLAY_STORE_READ_ONLY') reader.renew(refusal);",
    replace: '',
  },
  {
    check: 'a demoted server is not written to any more',
    rows: [],
    find: "if (isReadOnly(error)) writer.renew('ERR_REPLAY_STORE_READ_ONLY');",
    replace: '',
  },
];

/** How a process keeps up. @type {readonly Mutation[]} */
export const ofRevocationFeeds = [
  {
    check: 'a process that has not everything does not know everything',
    rows: [],
    find: 'if (position.count >= status.count) noteKnown(askedAt);',
    replace: 'noteKnown(askedAt);',
  },
  {
    check: 'a gap in the stream is noticed',
    rows: [],
    find: 'if (count > reached.count + 1) {',
    replace: 'if (count > Number.MAX_SAFE_INTEGER) {',
  },
  {
    check: 'what was counted and is not in the stream is noticed',
    rows: [],
    find: 'if (changes.length === 0 && position.count < status.count) hasGap = true;',
    replace: '',
  },
  {
    check: 'another epoch is another memory',
    rows: [],
    find: 'return now.epoch !== before.epoch || now.replicationId',
    replace: 'return now.replicationId',
  },
  {
    check: 'another server may know something else',
    rows: [],
    find: ' || now.replicationId !== before.replicationId || now.count < before.count;',
    replace: ' || now.count < before.count;',
  },
  {
    check: 'a memory with fewer changes is another one',
    rows: [],
    find: ' || now.count < before.count;',
    replace: ';',
  },
  {
    check: 'what was not confirmed is told later',
    rows: [],
    find: '    await passOn([...replica.unconfirmed.values()]);\n',
    replace: '',
  },
  { check: 'what Redis lacks is given back', rows: [], find: '    await giveBack();\n', replace: '' },
  {
    check: 'a process vouches for a memory once it has given back everything',
    rows: [],
    find: 'if (missing.length > 0 || unvouched === undefined) return;',
    replace: 'if (unvouched === undefined) return;',
  },
  {
    check: 'who is in doubt does not vouch',
    rows: [],
    find: 'unvouched = isTrusted && !now.isVouchedFor ? now.epoch : undefined;',
    replace: 'unvouched = now.isVouchedFor ? undefined : now.epoch;',
  },
  {
    check: 'what was lifted meanwhile is not given back',
    rows: [],
    find: "return kind === 'lifted' && latest.at <= entry.at ? undefined : latest;",
    replace: 'return latest;',
  },
  {
    check: 'a process that had no room looks again',
    rows: [],
    find: 'position === undefined || hasGap || isStuffed || isAnother',
    replace: 'position === undefined || hasGap || isAnother',
  },
  {
    check: 'the clock of an issuer may be ahead of that of a memory that was lost',
    rows: [],
    find: 'status.from + aheadSeconds;',
    replace: 'status.from;',
  },
  {
    check: 'what was vouched for is in no doubt',
    rows: [],
    find: 'if (!isTrusted) isTrusted = status.isVouchedFor;',
    replace: '',
  },
];

/** What a process knows. @type {readonly Mutation[]} */
export const ofRevocationReplicas = [
  {
    check: 'a process without room for all says so',
    rows: [],
    find: 'if (!(await take(change))) isOverfull = true;',
    replace: 'await take(change);',
  },
  {
    check: 'a process that reads all says when it has no room',
    rows: [],
    find: '        isOverfull ||= !hasRoom;\n',
    replace: '        isOverfull = false;\n',
  },
  { check: 'a process has room again', rows: [], find: '      isOverfull = !hasRoom;\n', replace: '' },
  {
    check: 'what cannot be read is counted',
    rows: [],
    find: "if (change.kind === 'unreadable') unreadable += 1;",
    replace: "if (change.kind === 'unreadable') unreadable += 0;",
  },
  {
    check: 'what was revoked again is not lifted by what came before',
    rows: [],
    find: 'return known !== undefined && known.at <= entry.at && list.lift(known);',
    replace: 'return known !== undefined && list.lift(known);',
  },
  {
    check: 'what was revoked again is told after what came before was lifted',
    rows: [],
    find: 'if (own !== undefined && own.at <= entry.at) unconfirmed',
    replace: 'if (own !== undefined) unconfirmed',
  },
  {
    check: 'what was held since is not confirmed',
    rows: [],
    find: 'if (unconfirmed.get(held.id) === held) unconfirmed',
    replace: 'unconfirmed',
  },
  {
    check: 'whoever revokes again means it, by whatever clock',
    rows: [],
    find: 'const at = new Date(Math.max(held.at.getTime(), found.entry.at.getTime() + 1));',
    replace: 'const at = held.at;',
  },
];

/** What a process answers. @type {readonly Mutation[]} */
export const ofSharedLists = [
  {
    check: 'a process that knows too little lets nobody in',
    rows: [],
    find: "if (mayBeLost || isBehind()) throw new UnavailableError('ERR_REVOCATIONS_BEHIND', 1);",
    replace: "if (mayBeLost) throw new UnavailableError('ERR_REVOCATIONS_BEHIND', 1);",
  },
  {
    check: 'what may have been revoked in a memory that was lost is refused',
    rows: [],
    find: "if (mayBeLost || isBehind()) throw new UnavailableError('ERR_REVOCATIONS_BEHIND', 1);",
    replace: "if (isBehind()) throw new UnavailableError('ERR_REVOCATIONS_BEHIND', 1);",
  },
  {
    check: 'what is known is refused as revoked, however little is known',
    rows: [],
    find: '      if (found !== undefined) return found;\n',
    replace: '',
  },
  {
    check: 'a process with too small a list is behind',
    rows: [],
    find: 'feed.lagSeconds > settings.maxLagSeconds || replica.isOverfull;',
    replace: 'feed.lagSeconds > settings.maxLagSeconds;',
  },
  {
    check: 'a process has a limit to what it may not know',
    rows: [],
    find: 'feed.lagSeconds > settings.maxLagSeconds || replica.isOverfull;',
    replace: 'replica.isOverfull;',
  },
  {
    check: 'replicas have it before a revocation is confirmed',
    rows: [],
    find: 'memory.put(held, feed.replicas, replica.meet(held))',
    replace: 'memory.put(held, 0, replica.meet(held))',
  },
  {
    check: 'replicas know it before an entry counts as lifted',
    rows: [],
    find: 'memory.lift(entry, feed.replicas)',
    replace: 'memory.lift(entry, 0)',
  },
];

/** Who may write. @type {readonly Mutation[]} */
export const ofSeals = [
  {
    check: 'a record has the mark of a key',
    rows: [],
    find: 'return mac.length === expected.length && timingSafeEqual(mac, expected);',
    replace: 'return mac.length === expected.length;',
  },
  {
    check: 'a mark of another length is none',
    rows: [],
    find: 'mac.length === expected.length && timingSafeEqual',
    replace: 'timingSafeEqual',
  },
  { check: 'every key of the ring opens', rows: [], find: 'keys.some(isGood)', replace: 'isGood(newest)' },
  {
    check: 'a record is one of its prefix alone',
    rows: [],
    find: 'purpose}\\n',
    replace: "''}\\n",
  },
];
