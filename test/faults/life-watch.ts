import type { AuthView } from '../../machines/index.ts'
import type { Exchange } from './exchange.ts'
import type { MintedToken } from './sim-clerk.ts'
import type { SimNode } from './sim-node.ts'
import type { SimStore } from './sim-store.ts'
import type { World } from './world.ts'

/** What is known of one Clerk session. Times are in epoch ms. */
interface Life {
  /** When the first token of it reached a node. */
  readonly arrivedAt: number
  /** When a sign-in with it was first acknowledged. */
  signedInAt: number
  usedAt: number
  /** The posts that may still sign in, which counts as a use, and the last moment at which they may. */
  readonly pending: Map<Exchange, number>
}

/** How long a node may take to end a session whose time has come: it asks the store first. */
const endsWithin = 2_000

/** Knows how long each Clerk session may last on the servers of a case with a lifetime. */
export interface LifeWatch {
  /** Notes a post of a token, and if the session of its cookie was signed in with the same Clerk session before. */
  onToken(exchange: Exchange, token: MintedToken, isRenewal: boolean): void
  onAnswer(exchange: Exchange, status: number, view: AuthView): void
  onUse(view: AuthView): void
  /** Checks a view that a node has just shown. */
  see(node: SimNode, view: AuthView, at: string): void
  /** True if a node may have ended the Clerk session by now. */
  mayHaveEnded(sessionId: string): boolean
  /** True if every node must have ended it. */
  mustHaveEnded(sessionId: string): boolean
}

export function createLifeWatch(world: World, store: SimStore): LifeWatch {
  const { time, lifetime, clockTolerance } = world
  const lives = new Map<string, Life>()
  const { idle, absolute } = lifetime ?? { idle: Infinity, absolute: Infinity }

  function toLife(sessionId: string): Life {
    let life = lives.get(sessionId)
    if (!life) {
      life = { arrivedAt: time.now(), signedInAt: Infinity, usedAt: -Infinity, pending: new Map() }
      lives.set(sessionId, life)
    }
    return life
  }

  function toLatestEnd({ signedInAt, usedAt, pending }: Life): number {
    return Math.min(signedInAt + absolute, Math.max(usedAt, ...pending.values()) + idle)
  }

  return {
    onToken(exchange, { sessionId, exp }, isRenewal) {
      const { pending } = toLife(sessionId)
      if (!isRenewal) pending.set(exchange, (exp + clockTolerance) * 1_000)
    },
    onAnswer(exchange, status, { isSignedIn, sessionId }) {
      if (status !== 200 || !isSignedIn || sessionId === null || exchange.method !== 'POST') return
      const life = toLife(sessionId)
      life.signedInAt = Math.min(life.signedInAt, time.now())
      if (life.pending.delete(exchange)) life.usedAt = time.now()
    },
    onUse({ isSignedIn, sessionId }) {
      if (isSignedIn && sessionId !== null) toLife(sessionId).usedAt = time.now()
    },
    see({ party }, { sessionId }, at) {
      const life = lives.get(sessionId ?? '')
      const late = life ? time.now() - Math.max(toLatestEnd(life), party.releasedAt) : 0
      if (late > endsWithin) world.violate('lifetime', `ended ${late} ms ago: ${at}`)
    },
    mayHaveEnded(sessionId) {
      const life = lives.get(sessionId)
      if (!lifetime || !life) return false
      const now = time.now()
      return store.hasTombstone(sessionId) || now >= life.arrivedAt + absolute || now >= life.usedAt + idle
    },
    mustHaveEnded(sessionId) {
      const life = lives.get(sessionId)
      return life !== undefined && time.now() > toLatestEnd(life) + endsWithin
    },
  }
}
