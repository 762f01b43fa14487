import { createHash } from 'node:crypto';

/**
 * What Redis does with the proofs of one call, all of one shard, as one atomic step: it finds out whether it is fit to
 * answer and whether it has lost its memory since the last call, and then looks for each proof and records it.
 *
 * KEYS: the marker of the shard; then, for each proof, the buckets in which it can be. All are declared, because Redis
 * answers TRYAGAIN or ASK for declared keys that are moving to another server, where an undeclared one would seem absent.
 *
 * ARGV: how a new epoch is to begin; then seven for each proof. Its member; how many buckets it has, and which is its
 * own, from 1; the first and the last moment at which it can be believed, in seconds; until when its bucket is needed, in
 * milliseconds; the epoch under which its nonce was judged, or nothing.
 *
 * The marker has the epoch, the replication id and the count of evictions under which everything in the shard was
 * recorded; when the memory before was lost; and when it was last written, once a second.
 *
 * Returns, separated by spaces: `ok`, the time of Redis, the epoch, the moment of the loss, and a letter for each proof:
 * `f`resh, `r`eplayed, `g`uarded because it may have been used before the loss, or `c`lock because the clock of Redis
 * cannot believe it. Else, alone: `info`, `role` or `evicts`. It has then recorded nothing.
 *
 * It runs in any Redis from 5 on, where what a script wrote is replicated as a whole.
 */
export const replayScript = `
local function read_info(section)
  local info = redis.pcall('INFO', section)
  return type(info) == 'string' and info or ''
end

local replication = read_info('replication')
local role = string.match(replication, 'role:(%a+)')
local replid = string.match(replication, 'master_replid:(%x+)')
if not role or not replid then return 'info' end
if role ~= 'master' then return 'role' end

local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local marker = redis.call('HMGET', KEYS[1], 'epoch', 'replid', 'evicted', 'lost', 'seen')
local epoch, lost, seen = marker[1], tonumber(marker[4]), tonumber(marker[5])
local evicted = marker[3]
local is_lost = not epoch or marker[2] ~= replid or not lost or not seen or now < seen - 1

if is_lost or now >= seen + 1 then
  local policy = string.match(read_info('memory'), 'maxmemory_policy:([%a-]+)')
  evicted = string.match(read_info('stats'), 'evicted_keys:(%d+)')
  if not policy or not evicted then return 'info' end
  if policy ~= 'noeviction' then return 'evicts' end
  if is_lost or marker[3] ~= evicted then
    epoch = ARGV[1] .. clock[1] .. '.' .. clock[2]
    lost = now
    redis.call('HSET', KEYS[1], 'epoch', epoch, 'replid', replid, 'lost', string.format('%.6f', lost))
  end
  redis.call('HSET', KEYS[1], 'evicted', evicted, 'seen', string.format('%.6f', now))
end

local answers = {}
local key = 1
for first = 2, #ARGV, 7 do
  local member = ARGV[first]
  local own = key + tonumber(ARGV[first + 2])
  local past = key + tonumber(ARGV[first + 1])
  local born = tonumber(ARGV[first + 3])
  local answer = 'f'
  if born > now or tonumber(ARGV[first + 4]) < now then
    answer = 'c'
  elseif born <= lost and ARGV[first + 6] ~= epoch then
    answer = 'g'
  end
  for bucket = key + 1, past do
    if (bucket ~= own or answer ~= 'f') and redis.call('SISMEMBER', KEYS[bucket], member) == 1 then
      answer = 'r'
      break
    end
  end
  if answer == 'f' then
    if redis.call('SADD', KEYS[own], member) == 0 then
      answer = 'r'
    else
      local left = redis.call('PTTL', KEYS[own])
      local needed = tonumber(ARGV[first + 5])
      if left < needed - now * 1000 then
        redis.call('PEXPIREAT', KEYS[own], string.format('%.0f', needed + 1000))
      end
    end
  end
  answers[#answers + 1] = answer
  key = past
end

return table.concat({ 'ok', string.format('%.6f', now), epoch, string.format('%.6f', lost), table.concat(answers) }, ' ')
`;

export const replayScriptId: string = createHash('sha1').update(replayScript).digest('hex');
