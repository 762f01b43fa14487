// @ts-check
/** @import { Mutation } from './mutations.mjs' */

/** What Redis does with used proofs. @type {readonly Mutation[]} */
export const ofReplayScripts = [
  {
    check: 'INFO has to tell what a server is',
    rows: [],
    find: "if not role or not replid then return 'info' end\n",
    replace: '',
  },
  { check: 'a replica records nothing', rows: [], find: "if role ~= 'master' then return 'role' end\n", replace: '' },
  {
    check: 'a marker without an epoch is none',
    rows: [],
    find: 'local is_lost = not epoch or marker[2] ~= replid',
    replace: 'local is_lost = marker[2] ~= replid',
  },
  {
    check: 'another replication id is another memory',
    rows: [],
    find: ' or marker[2] ~= replid or not lost',
    replace: ' or not marker[2] or not lost',
  },
  { check: 'a marker without a loss is none', rows: [], find: ' or not lost or not seen', replace: ' or not seen' },
  { check: 'a clock that was set back is a loss', rows: [], find: ' or now < seen - 1\n', replace: '\n' },
  {
    check: 'policy and evictions are looked at again after a second',
    rows: [],
    find: 'if is_lost or now >= seen + 1 then',
    replace: 'if is_lost then',
  },
  {
    check: 'policy and evictions are looked at no more often than that',
    rows: [],
    find: 'if is_lost or now >= seen + 1 then',
    replace: 'if true then',
  },
  {
    check: 'a server that may evict records nothing',
    rows: [],
    find: "if policy ~= 'noeviction' then return 'evicts' end\n",
    replace: '',
  },
  {
    check: 'what was evicted is a loss',
    rows: [],
    find: 'if is_lost or marker[3] ~= evicted then',
    replace: 'if is_lost then',
  },
  { check: 'a loss begins a guard', rows: [], find: '    lost = now\n', replace: '    lost = 0\n' },
  {
    check: 'the guard ends',
    rows: [],
    find: "'lost', string.format('%.6f', lost))",
    replace: "'lost', string.format('%.6f', lost + 3600))",
  },
  {
    check: 'a proof that is dated ahead too far is refused',
    rows: [],
    find: 'if born > now or tonumber(',
    replace: 'if tonumber(',
  },
  {
    check: 'a proof whose record may be gone is refused',
    rows: [],
    find: 'if born > now or tonumber(ARGV[first + 4]) < now then',
    replace: 'if born > now then',
  },
  {
    check: 'a proof that may have been used before a loss is refused',
    rows: [],
    find: 'elseif born <= lost and ARGV[first + 6] ~= epoch then',
    replace: 'elseif false then',
  },
  {
    check: 'the last proof that may have been used before a loss is refused, too',
    rows: [],
    find: 'elseif born <= lost and',
    replace: 'elseif born < lost and',
  },
  {
    check: 'other proofs are accepted after a loss',
    rows: [],
    find: 'elseif born <= lost and ARGV',
    replace: 'elseif ARGV',
  },
  {
    check: 'a nonce that was made after a loss proves that the proof was, too',
    rows: [],
    find: ' and ARGV[first + 6] ~= epoch then',
    replace: ' then',
  },
  {
    check: 'a proof is looked for where it would be with another date',
    rows: [],
    find: "redis.call('SISMEMBER', KEYS[bucket], member) == 1",
    replace: 'false',
  },
  {
    check: 'a used proof is told as such whatever else is wrong with it',
    rows: [],
    find: "(bucket ~= own or answer ~= 'f') and",
    replace: 'bucket ~= own and',
  },
  {
    check: 'a proof that is there already is a used one',
    rows: [],
    find: "if redis.call('SADD', KEYS[own], member) == 0 then",
    replace: "if redis.call('SADD', KEYS[own], member) > 1 then",
  },
  {
    check: 'a bucket that is needed for longer stays for longer',
    rows: [],
    find: 'if left < needed - now * 1000 then',
    replace: 'if left < 0 then',
  },
  {
    check: 'a bucket never ends earlier than it was to end',
    rows: [],
    find: 'if left < needed - now * 1000 then',
    replace: 'if true then',
  },
  {
    check: 'a bucket ends',
    rows: [],
    find: "redis.call('PEXPIREAT', KEYS[own], string.format('%.0f', needed + 1000))",
    replace: '',
  },
];

/** What a process does with the answers. @type {readonly Mutation[]} */
export const ofReplayStores = [
  { check: 'a proof that could be misread is refused', rows: [], find: '      refuseUnusable(proof);\n', replace: '' },
  {
    check: 'a key has the bytes that are read',
    rows: [],
    find: "if (key.length !== bytesOfKey) throw new TypeError('The key of a proof has 16 bytes.');",
    replace: '',
  },
  {
    check: 'a call has a limited number of proofs',
    rows: [],
    find: 'questions.splice(0, mostProofs)',
    replace: 'questions.splice(0)',
  },
  {
    check: 'a demoted server is left',
    rows: [],
    find: "if (code === 'ERR_REPLAY_STORE_READ_ONLY') connection.renew(code);",
    replace: '',
  },
  {
    check: 'what fails shows in health',
    rows: [],
    find: '      fitness.noteFailure(shard, code);\n',
    replace: '',
  },
  {
    check: 'the guard says how long it lasts',
    rows: [],
    find: "return failure('ERR_REPLAY_STORE_FORGOTTEN', { retryAfterSeconds });",
    replace: "return failure('ERR_REPLAY_STORE_FORGOTTEN');",
  },
];

/** What is known of the servers. @type {readonly Mutation[]} */
export const ofFitness = [
  {
    check: 'a nonce of another epoch proves nothing',
    rows: [],
    find: "return judged === undefined || judged !== epoch ? '' :",
    replace: "return judged === undefined ? '' :",
  },
  {
    check: 'an epoch of a part of the shards is none',
    rows: [],
    find: 'if (states.size < shardCount) return undefined;',
    replace: '',
  },
  {
    check: 'a shard that answers has no failure',
    rows: [],
    find: '      failures.delete(shard);\n',
    replace: '',
  },
  {
    check: 'the guard shows in health',
    rows: [],
    find: "return Array.from(states.values()).some(isGuarded) ? 'ERR_REPLAY_STORE_FORGOTTEN' : undefined;",
    replace: 'return undefined;',
  },
  {
    check: 'a clock that differs shows in health',
    rows: [],
    find: "if (Math.abs(findDifference() ?? 0) > toleranceSeconds + 1) return 'ERR_REPLAY_STORE_CLOCK';",
    replace: '',
  },
  {
    check: 'the guard allows for both clocks',
    rows: [],
    find: 'return 2 * toleranceSeconds + 1;',
    replace: 'return toleranceSeconds + 1;',
  },
];

/** Where proofs are. @type {readonly Mutation[]} */
export const ofShards = [
  {
    check: 'a proof with the same key may be older',
    rows: [],
    find: 'const first = sliceOf(issuedAt - lifeSeconds);',
    replace: 'const first = slice;',
  },
  {
    check: 'a proof with the same key may be younger',
    rows: [],
    find: 'const last = sliceOf(issuedAt + lifeSeconds);',
    replace: 'const last = slice;',
  },
  {
    check: 'a bucket is needed for the life of its last proof',
    rows: [],
    find: 'const until = (slice + 1) * sliceSeconds + lifeSeconds + ',
    replace: 'const until = (slice + 1) * sliceSeconds + ',
  },
  {
    check: 'every half of a key counts',
    rows: [],
    find: 'bytes.getBigUint64(0) * multiplier + bytes.getBigUint64(8)',
    replace: 'bytes.getBigUint64(8)',
  },
];
