import { createHash } from 'node:crypto'

/** A Lua script, which Redis runs as a whole without anything between its steps. */
export interface RedisScript {
  readonly source: string
  readonly sha1: string
}

const toScript = (source: string): RedisScript => ({
  source,
  sha1: createHash('sha1').update(source).digest('hex'),
})

/**
 * A session in Redis is one text: `<rev> <until> <aliasesUntil> <aliases>`, a line feed, the record as JSON. A `rev` of 0
 * means that there is no record, only aliases. A string costs half of a hash's memory. Text that these scripts did not
 * write, or a number that JavaScript cannot hold, counts as nothing.
 */
const readSession = `
local stored = redis.call('GET', KEYS[1])
local rev, till, aliasTill, aliases, json
if stored then rev, till, aliasTill, aliases, json = string.match(stored, '^(%d+) (%d+) (%d+) (%S*)\\n(.*)$') end
if not rev or math.max(#rev, #till, #aliasTill) > 15 then
  stored, rev, till, aliasTill, aliases, json = false, '0', '0', '0', '', ''
end
`

/**
 * Compare-and-set of a record, which is told to the nodes that hold the session in the same step.
 * ARGV: expected rev, rev, until, now, JSON, channel, ms that aliases outlive the record, id, the member of the JSON that
 * names the user or '', ms after which the list of the user's sessions must be told again.
 *
 * @returns 1 with the aliases that have to live longer and '0' if the list of the user's sessions must be told of the
 *   session; or 0 with the record that is in the way and the `rev` to expect.
 */
export const writeScript = toScript(`${readSession}
if tonumber(till) <= tonumber(ARGV[4]) then rev, json = '0', '' end
if tonumber(rev) ~= tonumber(ARGV[1]) then return {0, json, rev} end
local due = ''
if aliases ~= '' and tonumber(ARGV[3]) > tonumber(aliasTill) then
  due = aliases
  aliasTill = string.format('%.0f', tonumber(ARGV[3]) + tonumber(ARGV[7]))
end
local left = string.format('%.0f', math.max(1, tonumber(ARGV[3]) - tonumber(ARGV[4])))
redis.call('SET', KEYS[1], ARGV[2] .. ' ' .. ARGV[3] .. ' ' .. aliasTill .. ' ' .. aliases .. '\\n' .. ARGV[5], 'PX', left)
redis.call('SPUBLISH', ARGV[6], 'record ' .. ARGV[8] .. ' ' .. ARGV[5])
local isListed = ARGV[9] == '' or till ~= '0' and string.find(json, ARGV[9], 1, true)
  and math.floor(tonumber(till) / ARGV[10]) == math.floor(tonumber(ARGV[3]) / ARGV[10])
return {1, due, isListed and '1' or '0'}
`)

/**
 * Notes that a session got another alias, and publishes it.
 *
 * ARGV: old alias or '', new alias, now, channel, JSON, ms that aliases outlive the record, id.
 *
 * @returns The ms that the new alias must live.
 */
export const rotateScript = toScript(`${readSession}
local kept = ''
for alias in string.gmatch(aliases, '[^,]+') do
  if alias ~= ARGV[1] and alias ~= ARGV[2] then kept = kept .. alias .. ',' end
end
local now, outlive = tonumber(ARGV[3]), tonumber(ARGV[6])
local lives = math.max(tonumber(till), now) + outlive
if kept == '' or lives < tonumber(aliasTill) then aliasTill = string.format('%.0f', lives) end
local value = rev .. ' ' .. till .. ' ' .. aliasTill .. ' ' .. kept .. ARGV[2] .. '\\n' .. json
if stored then redis.call('SET', KEYS[1], value, 'KEEPTTL') else redis.call('SET', KEYS[1], value, 'PX', ARGV[6]) end
redis.call('SPUBLISH', ARGV[4], 'rotated ' .. ARGV[7] .. ' ' .. ARGV[5])
return string.format('%.0f', lives - now)
`)

/**
 * Retires an alias, and tells the nodes that wait for that. ARGV: value, ms, channel, message.
 */
export const retireScript = toScript(`
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('SPUBLISH', ARGV[3], ARGV[4])
`)

/**
 * Removes a session at its expected rev. ARGV: expected rev.
 *
 * @returns The aliases of the session.
 */
export const removeScript = toScript(`${readSession}
if not stored or tonumber(rev) ~= tonumber(ARGV[1]) then return '' end
redis.call('DEL', KEYS[1])
return aliases
`)

/**
 * Adds a session to the sorted set of its user's sessions, where its score is the moment until which it counts, and drops
 * those that have ended and the oldest beyond the limit. Something else under the key is replaced.
 *
 * ARGV: digest of the session, until, now, limit.
 */
export const listedScript = toScript(`
local ended = redis.pcall('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[3])
if type(ended) == 'table' and ended.err then
  if not string.find(ended.err, 'WRONGTYPE') then return ended end
  redis.call('DEL', KEYS[1])
end
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - ARGV[4])
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.max(1, last[2] - ARGV[3])))
`)

/**
 * Lists the sessions of a user. ARGV: now, limit.
 *
 * @returns Their digests, which may lead to no record, or to one of another user.
 */
export const listScript = toScript(`
local found = redis.pcall('ZRANGE', KEYS[1], '+inf', ARGV[1], 'BYSCORE', 'REV', 'LIMIT', 0, ARGV[2])
if found.err and string.find(found.err, 'WRONGTYPE') then return {} end
return found
`)

/**
 * Adds a tombstone to a shard's log, drops the oldest ones that have ended, and publishes the new one. The end of an
 * entry is by Redis's own clock, so that a node with a wrong clock drops nothing too early.
 *
 * ARGV: JSON, ms it must be kept, channel.
 *
 * @returns The entry's id.
 */
export const tombstoneScript = toScript(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local id = redis.call('XADD', KEYS[1], '*', 'tombstone', ARGV[1], 'until', string.format('%.0f', now + ARGV[2]))
for _, entry in ipairs(redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 16)) do
  if tonumber(entry[2][4]) <= now then redis.call('XDEL', KEYS[1], entry[1]) end
end
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
redis.call('SPUBLISH', ARGV[3], 'tombstone - ' .. ARGV[1])
return id
`)

/**
 * Tests if this server takes writes, by a write that changes nothing: an entry for a stream that does not exist and is
 * not created. With ARGV[2] it also returns the commands of the store that the user may not run on this shard, and the
 * policy of a full Redis. The policy is empty if the user may not run INFO.
 *
 * ARGV: channel, '1' to check the user's rights and the policy too.
 *
 * @returns The missing commands, separated by spaces, and `maxmemory-policy`; each may be ''
 */
export const probeScript = toScript(`
local key, channel = KEYS[1], ARGV[1]
local policy = ''
if ARGV[2] == '1' then
  local missing = {}
  for _, command in ipairs({
    {'get', key}, {'set', key, ''}, {'del', key}, {'pexpire', key, '1'}, {'pttl', key}, {'xadd', key, '*', 'probe', ''},
    {'xdel', key, '0-1'}, {'xrange', key, '-', '+'}, {'time'}, {'zadd', key, '0', ''}, {'zrange', key, '0', '0'}, {'zremrangebyscore', key, '0', '0'},
    {'zremrangebyrank', key, '0', '0'}, {'spublish', channel, ''}, {'ssubscribe', channel},
    {'sunsubscribe', channel}
  }) do
    if redis.acl_check_cmd and not redis.acl_check_cmd(unpack(command)) then table.insert(missing, command[1]) end
  end
  if #missing > 0 then return {table.concat(missing, ' '), ''} end
  local info = redis.pcall('INFO', 'memory')
  policy = type(info) == 'string' and string.match(info, 'maxmemory_policy:([%w-]+)') or ''
end
redis.call('XADD', key, 'NOMKSTREAM', '*', 'probe', '')
return {'', policy}
`)

/**
 * Publishes a message that is not stored. ARGV: channel, message.
 *
 * @returns The number of nodes that receive it.
 */
export const tellScript = toScript(`return redis.call('SPUBLISH', ARGV[1], ARGV[2])`)
