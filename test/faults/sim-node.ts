import { H3, H3Event } from 'h3'
import { createAuthServer, type AuthServer } from '../../adapters/h3/index.ts'
import type { AuthView } from '../../machines/index.ts'
import { appOrigin, issuer, type SimClerk } from './sim-clerk.ts'
import type { SimStore, StoreConnection } from './sim-store.ts'
import { secret } from './sim-stranger.ts'
import { createParty, type Party } from './virtual-time.ts'
import type { SimLifetime, World } from './world.ts'

/** A request that waited for a verdict, and the view that it may still read. */
export interface Admitted {
  readonly view: AuthView
  readonly signal: AbortSignal
  read(): Promise<AuthView>
}

/** The limits for one owner on a node. They are low, so that a case can reach them. */
export const simLimits = { sessionsPerClerkSession: 4, sessionsPerUser: 6, sessionsPerAddress: 24 } as const

/** One run of a server process, from its start to its end. */
export interface SimNode {
  readonly party: Party
  readonly auth: AuthServer
  readonly store: StoreConnection
  /** Returns its wall clock, epoch ms. */
  clock(): number
  /** The difference between its wall clock and true time, in ms. */
  skew: number
  /** True while it refuses new connections, because it is starting or about to stop. */
  isClosed: boolean
  fetch(request: Request): Promise<Response>
  /** Asks for the view as the app does at a request with the cookie, which counts as a use of the session. */
  use(cookie: string): Promise<AuthView>
  /** Waits for the verdict on a session, as a page load with its cookie does. */
  waitWith(cookie: string): Promise<Admitted>
  /**
   * Returns the view that it holds of a browser's session, or null. It does not ask the store and leaves no trace.
   */
  probe(cookie: string): Promise<AuthView | null>
}

export function startNode(world: World, store: SimStore, clerk: SimClerk, name: string): SimNode {
  const { time } = world
  const party = createParty(name)
  const clock = () => time.now() + node.skew
  const node = { party, skew: 0, isClosed: false, clock } as SimNode
  const connection = time.run(party, () => store.connect(party, clock))
  const auth = time.run(party, () =>
    createAuthServer({
      clerk: {},
      keys: { fetchJwks: () => clerk.fetchKeys(party) },
      claims: { issuer, authorizedParties: [appOrigin], clockTolerance: world.clockTolerance },
      store: connection,
      ...(world.isSealed && { secret }),
      ...(world.lifetime && { lifetime: toLifetimeOptions(world.lifetime) }),
      limits: simLimits,
      clientAddress: () => '192.0.2.1',
      clock,
      logger: {
        error(code, details) {
          if (code === 'request.failed') world.violate('internal', `${name} ${code}: ${String(details?.['error'])}`)
        },
      },
    }),
  )
  const app = new H3({ silent: true })
  app.register(auth.plugin)

  /** The route of the view, unlike the question of the app, is no use of a session. */
  async function readUnused(cookie: string): Promise<AuthView | null> {
    const response = await app.fetch(new Request(`${appOrigin}/auth/session`, { headers: { cookie } }))
    return response.ok ? ((await response.json()) as AuthView) : null
  }

  async function probe(cookie: string): Promise<AuthView | null> {
    connection.isProbed = true
    const view = await (world.lifetime ? readUnused(cookie) : auth.session(toEvent(cookie))).catch(() => null)
    connection.isProbed = false
    return view?.channel ? view : null
  }

  async function use(cookie: string): Promise<AuthView> {
    return auth.session(new H3Event(new Request(`${appOrigin}/`, { headers: { cookie } })))
  }

  async function waitWith(cookie: string): Promise<Admitted> {
    const event = new H3Event(new Request(`${appOrigin}/`, { headers: { cookie } }))
    const view = await auth.whenChecked(event, { timeout: 60_000 })
    return { view, signal: auth.signal(event), read: async () => auth.session(event) }
  }

  return Object.assign(node, {
    auth,
    store: connection,
    probe,
    use,
    waitWith,
    fetch: async (request: Request) => app.fetch(request),
  })
}

const toLifetimeOptions = ({ idle, absolute }: SimLifetime) => ({
  ...(idle !== Infinity && { idle }),
  ...(absolute !== Infinity && { absolute }),
})

const events = new Map<string, H3Event>()

function toEvent(cookie: string): H3Event {
  const known = events.get(cookie)
  if (known) return known
  if (events.size > 100) events.clear()
  const event = new H3Event(new Request(`${appOrigin}/auth/session`, { headers: { cookie } }))
  events.set(cookie, event)
  return event
}
