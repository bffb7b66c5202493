/**
 * The reaction to a refusal:
 * - `reconnect`: This connection leads to the wrong server; a new one may lead to the right one.
 * - `wait`: The server is the right one but is busy; it may be asked again soon.
 * - `fix`: The server stays as it is until a person changes something.
 */
export type RefusalReaction = 'reconnect' | 'wait' | 'fix'

/** The meaning of an error reply that concerns more than one command. */
export interface RedisRefusal {
  readonly kind: string
  readonly reaction: RefusalReaction
  /** The advice for the operator of Redis, in the log. */
  readonly remedy: string
}

/** The rules of an ACL user with which everything works; `authchart` is the option `prefix`. */
export const aclRules =
  '~authchart:* &authchart:* +get +set +del +pexpire +pttl +xadd +xdel +xrange +zadd +zrange +zremrangebyscore +zremrangebyrank +time +eval +evalsha +spublish +ssubscribe +sunsubscribe +ping +info'

/** The rule that the client of a cluster needs as well. */
export const clusterAclRules = '+cluster|slots'

/** The beginnings of error replies with their meanings. The first one that matches counts. */
const refusals: readonly (readonly [RegExp, RedisRefusal])[] = [
  [
    /^READONLY /,
    {
      kind: 'replica',
      reaction: 'reconnect',
      remedy: 'This Redis is a replica. Make the address that the store connects to lead to the primary',
    },
  ],
  [
    /^MASTERDOWN /,
    {
      kind: 'replica',
      reaction: 'reconnect',
      remedy: 'This Redis is a replica without its primary. Make the address of the store lead to the primary',
    },
  ],
  [
    /^LOADING /,
    { kind: 'loading', reaction: 'wait', remedy: 'Redis reads its files after a start. Wait until it is done' },
  ],
  [
    /^(?:CLUSTERDOWN|TRYAGAIN) /,
    {
      kind: 'cluster',
      reaction: 'wait',
      remedy: 'Some slots have no primary. If this lasts, run `redis-cli --cluster check` and `--cluster fix`',
    },
  ],
  [
    /^BUSY /,
    {
      kind: 'busy',
      reaction: 'wait',
      remedy: 'A script or function of another program blocks Redis. If this lasts, run SCRIPT KILL or FUNCTION KILL',
    },
  ],
  [
    /^NOREPLICAS /,
    {
      kind: 'replicas',
      reaction: 'wait',
      remedy: 'The primary has fewer replicas in step than `min-replicas-to-write` demands. Bring them back',
    },
  ],
  [
    /^ERR max number of clients reached/,
    { kind: 'connections', reaction: 'wait', remedy: 'Redis takes no more connections. Raise `maxclients`' },
  ],
  [
    /^OOM /,
    {
      kind: 'memory',
      reaction: 'fix',
      remedy: 'Redis is full. Raise `maxmemory`, or give the store a Redis of its own; keep the policy `noeviction`',
    },
  ],
  [
    /^MISCONF /,
    {
      kind: 'disk',
      reaction: 'fix',
      remedy: 'Redis cannot write its files and takes no writes until it can. Look at its disk, its `dir` and its log',
    },
  ],
  [
    // Before Redis 7.2, the error for a command that a script may not run begins with `ERR`.
    /^(?:NOPERM |ERR (?:The user executing the script can't|ACL failure in script))/,
    {
      kind: 'permission',
      reaction: 'fix',
      remedy: `The user of the store needs more rights: ACL SETUSER <user> on ${aclRules}, in a cluster ${clusterAclRules} too`,
    },
  ],
  [
    /^(?:NOAUTH|WRONGPASS) |^ERR (?:AUTH|Client sent AUTH|invalid password)/,
    {
      kind: 'credentials',
      reaction: 'fix',
      remedy: 'Redis does not accept the user or the password. Correct them in the option `url` or in the client',
    },
  ],
  [
    /^DENIED /,
    {
      kind: 'credentials',
      reaction: 'fix',
      remedy: 'Redis is in protected mode and serves its own machine alone. Give it a user with a password',
    },
  ],
  [
    /^(?:MOVED|ASK|CROSSSLOT) |^ERR This instance has cluster support/,
    {
      kind: 'cluster-client',
      reaction: 'fix',
      remedy:
        'This Redis is part of a cluster. Give the store the option `client`, made with createCluster of node-redis',
    },
  ],
  [
    /^(?:NOPROTO |ERR unknown command|ERR Unknown Redis command)/,
    {
      kind: 'version',
      reaction: 'fix',
      remedy: 'The store needs Redis 7 or later, with the commands in docs/scaling.md',
    },
  ],
]

/** @returns The meaning of an error reply, or null for any other error and for a reply about a single command. */
export function toRefusal(error: unknown): RedisRefusal | null {
  if (!(error instanceof Error)) return null
  return refusals.find(([beginning]) => beginning.test(error.message))?.[1] ?? null
}

/** @returns True if the error is a reply of Redis. */
export const isReply = (error: unknown): error is Error => error instanceof Error && /^[A-Z]{2,} /.test(error.message)
