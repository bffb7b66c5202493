import type { AuthServer } from 'authchart/h3'
import type { Inspector } from 'authchart/inspector'
import { H3, HTTPError, createEventStream, readBody, redirect, type H3Event } from 'h3'
import { lastLifetime, type DemoConfig, type FaultRequest, type FaultState, type Step } from '../src/demo-api.ts'
import type { ClerkSource } from './clerk-source.ts'
import { createFaultSwitches, toFaultRequest } from './fault-switches.ts'
import { loopbackOnly } from './loopback-only.ts'
import type { MachineSteps } from './machine-steps.ts'
import type { OpenSockets } from './open-sockets.ts'

export interface DemoRoutesOptions {
  readonly auth: AuthServer
  readonly inspector: Inspector
  readonly source: ClerkSource
  readonly config: DemoConfig
  readonly steps: MachineSteps
  readonly streams: OpenSockets
}

/** The id that the inspector shows for the machine that fetches signing keys. */
const keysActor = 'jwks'

/**
 * Creates the routes under `/demo`, which the page needs besides the package. The controls answer this machine only.
 */
export function createDemoRoutes(options: DemoRoutesOptions): H3 {
  const { auth, inspector, config, steps, streams } = options
  const { emulator } = options.source
  const switches = emulator && createFaultSwitches(emulator)

  async function obey(request: FaultRequest, event: H3Event): Promise<void> {
    if ('do' in request && request.do === 'dropStreams') return streams.cut()
    if (!emulator || !switches) throw new HTTPError({ status: 409, message: 'Only the emulator can be broken' })
    if ('set' in request) return switches.set({ [request.set]: request.to })
    if (request.do === 'rotateKeys') return emulator.rotateKeys()
    // Long enough for a last token to expire, and for the session to end after it.
    if (request.do === 'withholdTokens')
      return switches.withholdTokens((lastLifetime + config.clockTolerance + 3) * 1_000)
    const { sessionId, userId } = await auth.session(event)
    if (!sessionId) throw new HTTPError({ status: 409, message: 'Nobody is signed in' })
    emulator.revokeSession(sessionId)
    // As Clerk does: it reports the end of a session to the webhook of the app.
    const data = { object: 'session', id: sessionId, user_id: userId, status: 'revoked' }
    const { body, headers } = emulator.signWebhook({ type: 'session.revoked', data })
    const { ok, status } = await fetch(`${event.url.origin}/auth/webhook`, { method: 'POST', body, headers })
    if (!ok) throw new HTTPError({ status: 502, message: `The webhook answered ${status}` })
  }

  const routes = new H3()
  routes.get('/demo/config', () => config)
  routes.get('/demo/why', (event) => auth.explain(event))
  routes.use('/demo/inspector', loopbackOnly)
  // The redirect keeps the host of the page, because the key is exchanged for a cookie.
  routes.get('/demo/inspector', (event) => redirect(inspector.link(`${event.url.origin}/auth`)))
  routes.use('/demo/faults', loopbackOnly)
  routes.get('/demo/faults', () => toJson(switches?.state ?? null))
  routes.post('/demo/faults', async (event) => {
    const request = toFaultRequest(await readBody(event))
    if (!request) throw new HTTPError({ status: 400, message: 'Not a fault that this demo knows' })
    await obey(request, event)
    return toJson(switches?.state ?? null)
  })
  routes.get('/demo/steps', async (event) => {
    const { channel } = await auth.session(event)
    const stream = createEventStream(event)
    const push = (actorId: string, step: Step) => {
      const event = { [channel]: 'step', [keysActor]: 'keys' }[actorId]
      if (event) void stream.push({ event, data: JSON.stringify(step) })
    }
    stream.onClosed(steps.subscribe(push))
    for (const actorId of [channel, keysActor]) {
      const current = steps.current(actorId)
      if (current) push(actorId, current)
    }
    return stream.send()
  })
  return routes
}

/** Writes the JSON itself, because h3 answers a bare null with an empty body. */
function toJson(state: FaultState | null): Response {
  return Response.json(state, { headers: { 'cache-control': 'no-store' } })
}
