import type { InspectionEvent } from 'xstate'
import { createExplainers } from './explainers.ts'
import { createFrameGate } from './frame-gate.ts'
import type { SessionFilter } from './frame-gate.ts'
import { toInspectorFrame } from './inspector-frame.ts'
import { createLocalPage } from './local-page.ts'
import type { LocalPage } from './local-page.ts'
import { createOneTimeKeys } from './one-time-keys.ts'
import { createSessionLog } from './session-log.ts'
import type { InspectedSession, InspectedStep } from './session-log.ts'

export interface InspectorOptions {
  /** Shows one session, or those of one user; default all. */
  readonly filter?: SessionFilter
  /** Events kept of each session; default 200. */
  readonly events?: number
  /** Sessions kept; default 100. The oldest of those that are over go first. */
  readonly sessions?: number
  /** Epoch ms; default `Date.now`. */
  readonly now?: () => number
}

/** Watches machines at work, and shows them on a page of the server's own. */
export interface Inspector {
  /** Sees XState's inspection events. */
  readonly inspect: (event: InspectionEvent) => void
  /**
   * The address of the page, with a key that opens it once. The browser that used it stays in until it is closed.
   * @param authUrl where the routes of `authchart/h3` are, such as `http://localhost:3000/auth`
   */
  link(authUrl: string | URL): string
  /** The sessions kept, by name and state, and their steps: what the page shows. */
  sessions(): readonly InspectedSession[]
  steps(key: string): readonly InspectedStep[]
  /** What answers `GET <basePath>/inspect`. */
  readonly page: LocalPage
}

/**
 * An inspector that needs nothing but this machine, for development: `GET <basePath>/inspect` lists the sessions, draws
 * their charts with the current state lit, and replays their last events. Only this machine's own browser gets it, and
 * only by the key of {@link Inspector.link}.
 *
 * @throws TypeError naming the option that cannot be used; and where NODE_ENV is `production`, so that a deployment that
 * would show its sessions does not start
 * @example
 * const inspector = createInspector()
 * const auth = createAuthServer({ inspect: inspector })
 * console.log(inspector.link('http://localhost:3000/auth'))
 */
export function createInspector(options: InspectorOptions = {}): Inspector {
  const { filter = {}, events = 200, sessions = 100, now = Date.now } = options
  if (globalThis.process?.env['NODE_ENV'] === 'production') {
    throw new TypeError('createInspector: not with NODE_ENV=production; give `inspect` in development only')
  }
  for (const [name, most] of Object.entries({ events, sessions })) {
    if (!Number.isSafeInteger(most) || most < 1)
      throw new TypeError(`createInspector: ${name} must be a whole number above 0`)
  }
  requireFilter('createInspector', filter)
  if (typeof now !== 'function') throw new TypeError('createInspector: now must be a function that returns epoch ms')

  const log = createSessionLog({ sessions, events })
  const keys = createOneTimeKeys()
  const explainers = createExplainers()
  const pass = createFrameGate(filter, (frame) => log.note(frame))
  return {
    inspect(event) {
      explainers.note(event)
      const frame = toInspectorFrame(event, now())
      if (frame) pass(frame)
    },
    link: (authUrl) => `${String(authUrl).replace(/\/+$/, '')}/inspect?key=${keys.issue()}`,
    sessions: () => log.sessions(),
    steps: (key) => log.steps(key),
    page: createLocalPage({ log, keys, explainers, now }),
  }
}

/** @throws TypeError unless every field is a text */
export function requireFilter(caller: string, filter: SessionFilter): void {
  const isFilter = typeof filter === 'object' && filter !== null
  const isKnown = (name: string) => name === 'channel' || name === 'userId'
  const isRight =
    isFilter &&
    Object.entries(filter).every(([name, id]) => isKnown(name) && (id === undefined || typeof id === 'string'))
  if (!isRight) throw new TypeError(`${caller}: filter must be { channel } or { userId }, each a text`)
}
