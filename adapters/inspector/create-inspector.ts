import type { InspectionEvent } from 'xstate'
import { createOptionCheck, type OptionCheck } from '../option-check.ts'
import { createExplainers } from './explainers.ts'
import { createFrameGate, type SessionFilter } from './frame-gate.ts'
import { toInspectorFrame } from './inspector-frame.ts'
import { createLocalPage, type LocalPage } from './local-page.ts'
import { createOneTimeKeys } from './one-time-keys.ts'
import { createSessionLog, type InspectedSession, type InspectedStep } from './session-log.ts'

/** Options of {@link createInspector}. */
export interface InspectorOptions {
  /** Limits the inspector to one session, or to those of one user; default all. */
  readonly filter?: SessionFilter
  /** Number of events to keep of each session; default 200. */
  readonly events?: number
  /** Number of sessions to keep; default 100. The oldest ended sessions are dropped first. */
  readonly sessions?: number
  /** Epoch ms; default `Date.now`. */
  readonly now?: () => number
}

/** Watches running machines, and shows them on a page that the server itself serves. */
export interface Inspector {
  /** Receives XState's inspection events. */
  readonly inspect: (event: InspectionEvent) => void
  /**
   * Returns the address of the page with a key that opens it once. The browser that used the key keeps access until it
   * is closed.
   *
   * @param authUrl The URL of the routes of `authchart/h3`, such as `http://localhost:3000/auth`
   */
  link(authUrl: string | URL): string
  /**
   * Returns the kept sessions with names and states, as the page shows them. `steps` returns the steps of one session.
   */
  sessions(): readonly InspectedSession[]
  /** Returns the kept steps of one session by its `key`, oldest first. */
  steps(key: string): readonly InspectedStep[]
  /** The page that answers `GET <basePath>/inspect`. */
  readonly page: LocalPage
}

const check: OptionCheck = createOptionCheck('createInspector: ')

/**
 * Creates an inspector for development that needs no other machine. `GET <basePath>/inspect` lists the sessions, draws
 * their charts with the current state lit, and replays their last events. Only a browser on this machine gets the page,
 * and only with the key of {@link Inspector.link}.
 *
 * @throws TypeError that names the option which cannot be used. It is also thrown if NODE_ENV is `production`, so that
 * a deployment which would show its sessions does not start.
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
    check.require(name, Number.isSafeInteger(most) && most > 0, 'must be a whole number above 0')
  }
  requireFilter(check, filter)
  check.requireClock(now, 'now')

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

/** @throws TypeError unless every field is a string */
export function requireFilter(check: OptionCheck, filter: SessionFilter): void {
  const isFilter = typeof filter === 'object' && filter !== null
  const isKnown = (name: string) => name === 'channel' || name === 'userId'
  const isRight =
    isFilter &&
    Object.entries(filter).every(([name, id]) => isKnown(name) && (id === undefined || typeof id === 'string'))
  check.require('filter', isRight, 'must be { channel } or { userId }, each a text')
}
