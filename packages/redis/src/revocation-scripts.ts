import { createHash } from 'node:crypto';
import type { Script } from './connection.ts';

/**
 * Revocations in Redis: a hash of entries by id, those that were lifted included, so that none is missing for a good reason
 * before it has expired; when each of them goes, in a sorted set; a stream of what has changed; and a marker. All have one
 * hash tag, so that one script changes them as one step.
 *
 * The marker has the epoch, which names the unbroken stretch of this memory; since when; whether a process that knew the
 * memory before has vouched for this one; and how many changes there were. The count stands in the stream, too: whoever
 * reads it sees when something is missing.
 */
function makeScript(body: string): Script {
  const text = prelude + body;
  return { id: createHash('sha1').update(text).digest('hex'), text };
}

/** KEYS[1]: the marker. ARGV[1]: how a new epoch is to begin. Without the marker, everything may have been lost. */
const prelude = `
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
if redis.call('HEXISTS', KEYS[1], 'epoch') == 0 then
  local from = string.format('%.6f', now)
  redis.call('HSET', KEYS[1], 'epoch', ARGV[1] .. from, 'from', from, 'vouched', '0', 'count', '0')
end

local function read_info(section)
  local info = redis.pcall('INFO', section)
  return type(info) == 'string' and info or ''
end

local function publish(record)
  local count = redis.call('HINCRBY', KEYS[1], 'count', 1)
  redis.call('XADD', KEYS[4], 'MAXLEN', '~', 10000, '*', 'count', count, 'record', record)
end
`;

/**
 * How the memory is. KEYS: marker, hash, expiries, stream. Returns, separated by spaces: `ok`, the epoch, since when, 1 if
 * somebody has vouched for it, the count of changes, the id of the last one, the replication id, how many replicas are
 * connected. Else, alone: `info`, `role` or `evicts`, because it is not fit to keep anything.
 */
export const statusScript: Script = makeScript(`
local replication = read_info('replication')
local role = string.match(replication, 'role:(%a+)')
local replid = string.match(replication, 'master_replid:(%x+)')
local replicas = string.match(replication, 'connected_slaves:(%d+)')
local policy = string.match(read_info('memory'), 'maxmemory_policy:([%a-]+)')
if not role or not replid or not replicas or not policy then return 'info' end
if role ~= 'master' then return 'role' end
if policy ~= 'noeviction' then return 'evicts' end

local marker = redis.call('HMGET', KEYS[1], 'epoch', 'from', 'vouched', 'count')
local last = redis.call('XREVRANGE', KEYS[4], '+', '-', 'COUNT', 1)
local id = last[1] and last[1][1] or '0-0'
return table.concat({ 'ok', marker[1], marker[2], marker[3], marker[4], id, replid, replicas }, ' ')
`);

/**
 * Puts an entry, or that it was lifted, in the place of what was expected there, and drops up to a hundred that have expired.
 * ARGV: its id, its record, the SHA-1 of the record that is expected or nothing, when it goes, in seconds. Returns `ok` and
 * the replication id if the record stands there now, or `is`, the SHA-1 of what stands there instead, and that itself: what
 * a stranger has put there may be no text, and reach nobody as it is.
 *
 * A record that stood there before is written once more, so that whoever waits for replicas waits for this one.
 */
export const putScript: Script = makeScript(`
local found = redis.call('HGET', KEYS[2], ARGV[2])
if found ~= ARGV[3] then
  local sha = found and redis.sha1hex(found) or ''
  if sha ~= ARGV[4] then return 'is' .. sha .. (found or '') end
  publish(ARGV[3])
end
redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
redis.call('ZADD', KEYS[3], ARGV[5], ARGV[2])
local expired = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now - 3600, 'LIMIT', 0, 100)
if #expired > 0 then
  redis.call('HDEL', KEYS[2], unpack(expired))
  redis.call('ZREM', KEYS[3], unpack(expired))
end
return 'ok' .. (string.match(read_info('replication'), 'master_replid:(%x+)') or '')
`);

/** Vouches for an epoch, if it is still the present one. ARGV: the epoch. Returns `ok` or `other`. */
export const vouchScript: Script = makeScript(`
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[2] then return 'other' end
redis.call('HSET', KEYS[1], 'vouched', '1')
return 'ok'
`);

/**
 * Some hundred entries. What is there all the time is seen before the cursor is back at 0 (HSCAN); what changes meanwhile
 * is in the stream. ARGV: the cursor. Returns `ok` and a JSON list: the next cursor, and the records.
 */
export const scanScript: Script = makeScript(`
local page = redis.call('HSCAN', KEYS[2], ARGV[2], 'COUNT', 500)
local answer = { page[1] }
for index = 2, #page[2], 2 do answer[#answer + 1] = page[2][index] end
return 'ok' .. cjson.encode(answer)
`);
