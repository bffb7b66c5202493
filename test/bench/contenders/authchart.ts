/** The product as its guide shows it, with limits high enough not to matter. */
import { setTimeout as sleep } from 'node:timers/promises'
import { H3, type H3Event } from 'h3'
import { createAuthServer } from '../../../adapters/h3/index.ts'
import { createRedisSessionStore } from '../../../adapters/redis/index.ts'
import { untilReady } from '../redis-sessions.ts'
import { serveApp, type StartContender } from './contender.ts'

const never = 1e9
const pollEvery = 50

export const startAuthchart: StartContender = async (options) => {
  const { jwks, jwksUrl, redisUrl, issuer, party, webhookSecret, now } = options
  if (options.loadsInspector) await import('../../../adapters/inspector/index.ts')
  /** The time when the last check of each token ended, in ms. The time after it is the way to the handler. */
  const checkedAt = new Map<unknown, number>()
  const store = redisUrl === undefined ? undefined : createRedisSessionStore({ url: redisUrl, logger: {} })
  if (store) await untilReady(store)
  const auth = createAuthServer({
    keys: jwksUrl === undefined ? { jwks } : { jwksUrl },
    ...(store && { store, secret: 'the secret of all nodes of a bench' }),
    clerk: { ...(webhookSecret && { webhookSecret }) },
    claims: {
      issuer,
      authorizedParties: [party],
      ...(options.timesChecks && { validate: ({ sid }) => void checkedAt.set(sid, performance.now()) }),
    },
    limits: {
      sessionsPerUser: never,
      sessionsPerClerkSession: never,
      streamsPerSession: never,
      requestsPerSession: never,
    },
    // A bench with a Redis takes it away, which is an error that is expected.
    logger: { warn: () => {}, error: store ? () => {} : console.error },
    ...(now !== undefined && { clock: () => now }),
  })
  const app = new H3({ silent: true })
  app.register(auth.plugin)

  /** Returns the time since the end of the check, in ms. */
  const toDelay = (sid: string | null) => ({ ms: performance.now() - (checkedAt.get(sid) ?? NaN) })
  app.get('/wait', async (event) => toDelay((await auth.whenChecked(event, { timeout: 10_000 })).sessionId))

  /** The verdicts for the original's way, which looks every 50 ms for one. */
  const verdicts = new Map<string, string | null>()
  auth.onAuthChange(({ view }) => void verdicts.set(view.channel, view.sessionId))
  app.get('/poll', async (event: H3Event) => {
    const { channel } = await auth.session(event)
    while (!verdicts.has(channel)) await sleep(pollEvery)
    return toDelay(verdicts.get(channel) ?? null)
  })
  return { server: await serveApp(app), stats: auth.stats }
}
