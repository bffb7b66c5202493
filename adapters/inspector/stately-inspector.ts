import type { InspectionEvent } from 'xstate'
import { requireFilter } from './create-inspector.ts'
import { createFrameGate } from './frame-gate.ts'
import type { SessionFilter } from './frame-gate.ts'
import { toInspectorFrame } from './inspector-frame.ts'
import { toStatelyEvent } from './stately-event.ts'

export interface StatelyInspectorOptions {
  /** A WebSocket relay that runs already, such as `ws://localhost:8080`. Default: in Node one of its own, on loopback. */
  readonly relay?: string
  /** Where the Stately inspector is; default `https://stately.ai/inspect`. */
  readonly url?: string
  /** In a page: shows it in this frame rather than in a window of its own. */
  readonly iframe?: HTMLIFrameElement
  /** Shows one session, or those of one user; default all. */
  readonly filter?: SessionFilter
  /** Epoch ms; default `Date.now`. */
  readonly now?: () => number
}

/** Sends what machines do to the Stately inspector. */
export interface StatelyInspector {
  /** Sees XState's inspection events. */
  readonly inspect: (event: InspectionEvent) => void
  /** The page to open in a browser of this machine; null where the inspector opened itself, or is fed by your relay. */
  readonly link: string | null
  stop(): Promise<void>
}

/** Events kept until the inspector is there. */
const maxDeferredEvents = 1_000

/**
 * Shows machines in the Stately inspector, by `@statelyai/inspect`: of a Node server over a WebSocket, of a page in a
 * window beside it. What is sent names ids, states, events and times, and holds no token, claim or profile; it goes to
 * the page at `url`, which is not on this machine.
 *
 * @throws TypeError naming the option that cannot be used
 * @throws Error where `@statelyai/inspect` is not installed
 * @example
 * const stately = await createStatelyInspector()
 * const auth = createAuthServer({ inspect: stately })
 * console.log(stately.link)
 */
export async function createStatelyInspector(options: StatelyInspectorOptions = {}): Promise<StatelyInspector> {
  const { relay, url = 'https://stately.ai/inspect', iframe, filter = {}, now = Date.now } = options
  requireUrl('relay', relay, /^wss?:$/)
  requireUrl('url', url, /^https?:$/)
  requireFilter('createStatelyInspector', filter)
  const { createBrowserInspector, createWebSocketInspector } = await import('@statelyai/inspect')

  const isPage = relay === undefined && typeof document !== 'undefined'
  const own = relay !== undefined || isPage ? null : await startRelay(url)
  const target = isPage
    ? createBrowserInspector({ url, iframe, maxDeferredEvents, serialize: (event) => event })
    : createWebSocketInspector({ url: relay ?? own?.address ?? '', maxDeferredEvents })
  if (own) {
    // Of what it cannot send yet, the library forgets the oldest: who the actors are.
    target.adapter.send({ type: 'hello' } as never)
    await own.connected
  }
  const pass = createFrameGate(filter, (frame) => {
    const event = toStatelyEvent(frame)
    // Past the library's own conversion, which sends whole contexts, inputs and outputs, and does so later.
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

/** Loaded when it is needed: it is Node's alone. */
async function startRelay(url: string) {
  const { createStatelyRelay } = await import('./stately-relay.ts')
  return createStatelyRelay(url)
}

function requireUrl(name: string, url: string | undefined, protocol: RegExp) {
  if (url === undefined || (URL.canParse(url) && protocol.test(new URL(url).protocol))) return
  throw new TypeError(`createStatelyInspector: ${name} must be an absolute URL`)
}
