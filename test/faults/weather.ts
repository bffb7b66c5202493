import type { Random } from './random.ts'

/** Every fault that a run must have met. A fault is counted when it takes effect, and not when it is planned. */
export const faultNames = [
  'message.delayed',
  'message.dropped',
  'message.duplicated',
  'message.reordered',
  'post.overtaken',
  'answer.dropped',
  'network.partitioned',
  'stream.cut',
  'stream.stalled',
  'node.crashed',
  'node.restarted',
  'node.drained',
  'node.refused',
  'node.blocked',
  'node.suspended',
  'node.clockSkewed',
  'client.clockSkewed',
  'client.suspended',
  'store.down',
  'store.slow',
  'store.unacknowledged',
  'store.forged',
  'watch.delayed',
  'watch.dropped',
  'watch.duplicated',
  'watch.reordered',
  'keys.rotated',
  'keys.failed',
  'keys.garbage',
  'keys.stalled',
  'clerk.tokenFailed',
  'clerk.tokenMissing',
  'clerk.tokenHung',
  'tab.opened',
  'tab.closed',
  'user.signedIn',
  'user.signedOut',
  'user.switched',
  'org.switched',
  'session.revoked',
  'token.replayed',
  'token.forged',
  'token.flooded',
  'stream.flooded',
  'cookie.planted',
] as const

export type FaultName = (typeof faultNames)[number]

/** The probabilities of faults at the moment. Each number is per message or call. */
export interface Weather {
  delay: number
  drop: number
  duplicate: number
  storeDown: boolean
  storeSlow: number
  storeUnacknowledged: number
  watchDelay: number
  watchDrop: number
  watchDuplicate: number
  keys: 'good' | 'failing' | 'garbage' | 'stalled'
  token: number
}

/** Returns the weather between two storms. In some cases it is never quite fair. */
export const toClimate = (random: Random): Weather => ({
  ...fairWeather(),
  delay: random.pick([0, 0, 0.1]),
  drop: random.pick([0, 0, 0.03]),
  duplicate: random.pick([0, 0, 0.4]),
  storeSlow: random.pick([0, 0, 0.1]),
  watchDelay: random.pick([0, 0, 0.3]),
})

export const fairWeather = (): Weather => ({
  delay: 0,
  drop: 0,
  duplicate: 0,
  storeDown: false,
  storeSlow: 0,
  storeUnacknowledged: 0,
  watchDelay: 0,
  watchDrop: 0,
  watchDuplicate: 0,
  keys: 'good',
  token: 0,
})
