import { describe, expect, it } from 'vitest'
import { isReply, toRefusal } from '../../adapters/redis/redis-refusal.ts'

/** The replies are written as Redis 7 writes them. */
const replies: readonly (readonly [string, string, string])[] = [
  ["READONLY You can't write against a read only replica.", 'replica', 'reconnect'],
  ["READONLY You can't write against a read only replica. script: 79f2, on @user_script:1.", 'replica', 'reconnect'],
  ["MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", 'replica', 'reconnect'],
  ['LOADING Redis is loading the dataset in memory', 'loading', 'wait'],
  ['CLUSTERDOWN The cluster is down', 'cluster', 'wait'],
  ['CLUSTERDOWN Hash slot not served', 'cluster', 'wait'],
  ['TRYAGAIN Multiple keys request during rehashing of slot', 'cluster', 'wait'],
  ['BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.', 'busy', 'wait'],
  ['NOREPLICAS Not enough good replicas to write.', 'replicas', 'wait'],
  ['ERR max number of clients reached', 'connections', 'wait'],
  ["OOM command not allowed when used memory > 'maxmemory'.", 'memory', 'fix'],
  ['MISCONF Redis is configured to save RDB snapshots, but it is currently unable to persist to disk.', 'disk', 'fix'],
  ['MISCONF Errors writing to the AOF file: No space left on device', 'disk', 'fix'],
  ["NOPERM this user has no permissions to run the 'xadd' command", 'permission', 'fix'],
  ['NOPERM this user has no permissions to access one of the channels used as arguments', 'permission', 'fix'],
  [
    "ERR The user executing the script can't run this command or subcommand script: 1640, on @user_script:1.",
    'permission',
    'fix',
  ],
  ["ERR The user executing the script can't publish to the channel mentioned in the command", 'permission', 'fix'],
  ['NOAUTH Authentication required.', 'credentials', 'fix'],
  ['WRONGPASS invalid username-password pair or user is disabled.', 'credentials', 'fix'],
  ['ERR AUTH <password> called without any password configured for the default user.', 'credentials', 'fix'],
  ['DENIED Redis is running in protected mode because protected mode is enabled', 'credentials', 'fix'],
  ['MOVED 866 127.0.0.1:7001', 'cluster-client', 'fix'],
  ["CROSSSLOT Keys in request don't hash to the same slot", 'cluster-client', 'fix'],
  ["ERR unknown command 'SSUBSCRIBE', with args beginning with: ", 'version', 'fix'],
  ['NOPROTO unsupported protocol version', 'version', 'fix'],
]

describe('an error reply of Redis', () => {
  it.each(replies)('%s is of the kind %s: %s', (message, kind, reaction) => {
    const refusal = toRefusal(new Error(message))
    expect(refusal).toMatchObject({ kind, reaction })
    expect(refusal!.remedy).toMatch(/\w{3,}/)
    expect(isReply(new Error(message))).toBe(true)
  })

  it.each([
    'WRONGTYPE Operation against a key holding the wrong kind of value',
    'NOSCRIPT No matching script. Please use EVAL.',
    'BUSYGROUP Consumer Group name already exists',
    'ERR value is not an integer or out of range',
  ])('%s concerns only one command', (message) => {
    expect(toRefusal(new Error(message))).toBeNull()
    expect(isReply(new Error(message))).toBe(true)
  })

  it.each([
    new Error('Redis is not connected'),
    new Error('connect ECONNREFUSED 127.0.0.1:1'),
    'READONLY x',
    undefined,
  ])('%s is not an error reply', (error) => {
    expect(toRefusal(error)).toBeNull()
    expect(isReply(error)).toBe(false)
  })
})
