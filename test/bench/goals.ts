/** The subject of each row, and the goal that was set for it. */
export interface Goal {
  readonly title: string
  readonly peer: string
  /** The unit of the value. A ratio has none, except in rows without a peer, where it is the value itself. */
  readonly unit: string
  /** The goal, for example `>= 0.80` or `<= 1.3`. */
  readonly goal: string
}

const limit = 'hand-written node:http, crypto.verify and res.write'
const throughput = { title: 'POST of a new token → frame, throughput', unit: 'posts/s' }
const postCpu = { title: 'POST of a new token → frame, CPU of the server', unit: 'µs' }
const heap = { title: 'heap per idle session, 10,000 open', unit: 'bytes' }
const broadcast = { title: 'a view to 10,000 streams, CPU per frame', unit: 'µs' }
const arrival = (unit: string) => ({ unit, peer: 'node:http with the same duties, by hand', goal: '>= 0.8' as const })
const storm = (title: string) => ({
  title,
  unit: 'ms',
  peer: 'none',
  goal: '<= 250' as const,
})

export const goals = {
  'post-to-frame/limit': { ...throughput, peer: limit, goal: '>= 0.80' },
  'post-to-frame/h3-actor': { ...throughput, peer: 'h3, jose, an XState actor, EventStream', goal: '>= 2' },
  'post-to-frame/clerk-verify': { ...throughput, peer: 'h3 and @clerk/backend verifyToken', goal: '>= 2' },
  'post-to-frame/clerk-authenticate': { ...throughput, peer: 'h3 and authenticateRequest', goal: '>= 6' },
  'post-cpu/by-hand': { ...postCpu, peer: 'node:http with the same duties, by hand', goal: '<= 1.5' },
  'post-cpu/by-hand-h3': { ...postCpu, peer: 'h3 with the same duties, by hand', goal: '<= 1.15' },
  'latency-p50/limit': { title: 'POST → frame, one at a time, p50', unit: 'µs', peer: limit, goal: '<= 1.35' },
  'verify-cold/jose': { title: 'verify a new token, speed', unit: 'µs', peer: 'jose jwtVerify', goal: '>= 1.8' },
  'verify-cold/limit': {
    title: 'verify a new token, speed',
    unit: 'µs',
    peer: 'hand-made parse and crypto.verify',
    goal: '>= 0.9',
  },
  'verify-seen/us': { title: 'verify a token seen before', unit: 'µs', peer: 'none', goal: '<= 2' },
  'heap-session/raw': { ...heap, peer: 'a raw node:http stream, nothing behind it', goal: '<= 1.3' },
  'heap-session/better-sse': { ...heap, peer: 'better-sse and a plain object', goal: '<= 0.6' },
  'heap-session/h3-actor': { ...heap, peer: 'h3 EventStream and an XState actor', goal: '<= 0.4' },
  'broadcast/raw': { ...broadcast, peer: 'raw res.write', goal: '<= 1.15' },
  'broadcast/better-sse': { ...broadcast, peer: 'better-sse channel', goal: '<= 0.8' },
  'auth-wait/polling': {
    title: 'wait for the auth check, added latency',
    unit: 'ms',
    peer: 'polling every 50 ms',
    goal: '<= 0.02',
  },
  'renewal/limit': {
    title: '10,000 sessions renewed every 50 s, share of a core',
    unit: '%',
    peer: limit,
    goal: '<= 1.5',
  },
  'growth/limit': {
    title: 'growth of a frame, CPU at 30,000 streams against 1,000',
    unit: '×',
    peer: limit,
    goal: '<= 1',
  },
  'growth/30k': {
    title: 'heap and POST of a session at 30,000 sessions, the worst of them',
    unit: '×',
    peer: 'itself at 1,000',
    goal: '<= 1.15',
  },
  'bundle/react-kb': {
    title: 'authchart/react before the start, without react, xstate, @xstate/react',
    unit: 'KB',
    peer: 'none',
    goal: '<= 8',
  },
  'bundle/client-kb': { title: 'authchart/client with xstate, all of it', unit: 'KB', peer: 'none', goal: '<= 19.5' },
  'bundle/visitor-kb': {
    title: 'authchart/client before the start, all that a visitor waits for',
    unit: 'KB',
    peer: 'none',
    goal: '<= 6',
  },
  'inspector-off/none': {
    title: 'POST → frame with the inspector loaded but off, throughput',
    unit: 'posts/s',
    peer: 'without the inspector',
    goal: '>= 0.95',
  },
  'arrivals/sign-ins': { title: '5,000 first sign-ins, 256 at a time', ...arrival('sign-ins/s') },
  'arrivals/streams': { title: '5,000 signed-in streams that come at once', ...arrival('streams/s') },
  'storm/sign-ins': storm('10,000 first sign-ins, 256 at a time'),
  'storm/streams': storm('5,000 streams that come at once'),
  'storm/restart': storm('10,000 clients that come back at once after a restart'),
  'storm/keys': storm('new signing keys under 10,000 sessions, which all renew, 256 at a time'),
  'storm/expiry': storm('10,000 sessions that expire in one second'),
  'storm/revocation-1k': storm('a webhook that ends a user with 1,000 sessions'),
  'storm/revocation': storm('a webhook that ends a user with 10,000 sessions'),
  'storm/redis-away': storm('Redis away for 30 s under 5,000 renewing sessions, then back without its data'),
  'storm/stalled': storm('1,000 readers that stall under a broadcast'),
  'revocation-p99/ms': {
    title: 'revocation → the last of 1,000 streams signed out, p99',
    unit: 'ms',
    peer: 'none',
    goal: '<= 100',
  },
  'redis/fan-out': {
    title: 'a renewal on 8 nodes with Redis, CPU of Redis and all nodes',
    unit: 'µs',
    peer: 'the same on 2 nodes',
    goal: '<= 1.1',
  },
  'redis/renewal-calls': { title: 'calls to Redis for each renewal', unit: 'calls', peer: 'none', goal: '<= 1' },
  'cluster/two-cores': {
    title: 'renewals with two processes, each with a core, that share a Redis',
    unit: 'posts/s',
    peer: 'one process',
    goal: '>= 1.8',
  },
} as const satisfies Record<string, Goal>

export type RowName = keyof typeof goals

export function meetsGoal(goal: string, ratio: number): boolean {
  const [sign, bound] = goal.split(' ')
  return sign === '>=' ? ratio >= Number(bound) : ratio <= Number(bound)
}
