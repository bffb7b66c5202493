import type { InspectionEvent } from 'xstate'
import { createOptionCheck, type OptionCheck } from '../option-check.ts'
import { parseUrl } from '../parse-url.ts'
import { requireFilter } from './create-inspector.ts'
import { createFrameGate, type SessionFilter } from './frame-gate.ts'
import { toInspectorFrame } from './inspector-frame.ts'
import { toStatelyEvent } from './stately-event.ts'

/** Options of {@link createStatelyInspector}. */
export interface StatelyInspectorOptions {
  /**
   * A WebSocket relay that already runs, such as `ws://localhost:8080`. By default Node starts its own relay on
   * loopback.
   */
  readonly relay?: string
  /** URL of the Stately inspector; default `https://stately.ai/inspect`. */
  readonly url?: string
  /** Only in a page: the frame that shows the inspector, instead of a new window. */
  readonly iframe?: HTMLIFrameElement
  /** Limits the inspector to one session, or to those of one user; default all. */
  readonly filter?: SessionFilter
  /** Epoch ms; default `Date.now`. */
  readonly now?: () => number
}

/** Sends the steps of machines to the Stately inspector. */
export interface StatelyInspector {
  /** Receives XState's inspection events. */
  readonly inspect: (event: InspectionEvent) => void
  /** The page to open in a browser on this machine; null if the inspector opened itself or uses your relay. */
  readonly link: string | null
  /** Stops sending, and ends the relay that it started. */
  stop(): Promise<void>
}

/** Number of events to keep until the inspector is connected. */
const maxDeferredEvents = 1_000

const check: OptionCheck = createOptionCheck('createStatelyInspector: ')

/**
 * Shows machines in the Stately inspector by means of `@statelyai/inspect`: those of a Node server over a WebSocket,
 * those of a page in a window beside it. The sent data are ids, states, events and times, without a token, claim or
 * profile. They go to the page at `url`, which is not on this machine.
 *
 * @throws TypeError that names the option which cannot be used
 * @throws Error if `@statelyai/inspect` is not installed
 * @example
 * const stately = await createStatelyInspector()
 * const auth = createAuthServer({ inspect: stately })
 * console.log(stately.link)
 */
export async function createStatelyInspector(options: StatelyInspectorOptions = {}): Promise<StatelyInspector> {
  const { relay, url = 'https://stately.ai/inspect', iframe, filter = {}, now = Date.now } = options
  requireUrl('relay', relay, /^wss?:$/)
  requireUrl('url', url, /^https?:$/)
  requireFilter(check, filter)
  const { createBrowserInspector, createWebSocketInspector } = await import('@statelyai/inspect')

  const isPage = relay === undefined && typeof document !== 'undefined'
  const own = relay !== undefined || isPage ? null : await startRelay(url)
  const target = isPage
    ? createBrowserInspector({ url, iframe, maxDeferredEvents, serialize: (event) => event })
    : createWebSocketInspector({ url: relay ?? own?.address ?? '', maxDeferredEvents })
  if (own) {
    // The relay has to be connected first. Otherwise the library drops the oldest events that it cannot send yet, which
    // describe the actors.
    target.adapter.send({ type: 'hello' } as never)
    await own.connected
  }
  const pass = createFrameGate(filter, (frame) => {
    const event = toStatelyEvent(frame)
    // The event bypasses the library's own conversion, which sends whole contexts, inputs and outputs, and does so
    // later.
    if (event) target.adapter.send(event)
  })

  return {
    inspect(event) {
      const frame = toInspectorFrame(event, now())
      if (frame) pass(frame)
    },
    link: own?.link ?? null,
    async stop() {
      target.stop()
      await own?.close()
    },
  }
}

/** Starts a relay. Its module is loaded when it is needed, because it works only in Node. */
async function startRelay(url: string) {
  const { createStatelyRelay } = await import('./stately-relay.ts')
  return createStatelyRelay(url)
}

function requireUrl(name: string, url: string | undefined, protocol: RegExp) {
  const isUsable = url === undefined || protocol.test(parseUrl(url)?.protocol ?? '')
  check.require(name, isUsable, 'must be an absolute URL')
}
