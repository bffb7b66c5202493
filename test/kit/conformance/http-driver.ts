import { isDeepStrictEqual } from 'node:util'
import type { AuthServerOptions } from '../../../adapters/h3/index.ts'
import type { AuthView } from '../../../machines/index.ts'
import { virtualEpoch } from '../auth-fixtures.ts'
import { revokedSessionId } from '../auth-model.ts'
import type { ClerkEmulator } from '../clerk-emulator/index.ts'
import type { ConformanceDriver, ConformancePlan, ConformanceRun } from './conformance-driver.ts'
import type { ConformanceStep } from './conformance-step.ts'
import { createHttpBrowser, type DrivenBrowser } from './http-browser.ts'
import { mintStepToken } from './mint-step-token.ts'
import type { SettledToken } from './plan-path.ts'
import { createProfileDesk } from './profile-desk.ts'
import { eventually, turns } from './real-time.ts'
import { createSharedStore } from './shared-store.ts'
import { createTokenGate } from './token-gate.ts'

/** The options of `createAuthServer` that the driver has to set. */
export type DrivenServerOptions = Required<
  Pick<AuthServerOptions, 'clerk' | 'keys' | 'claims' | 'store' | 'clock' | 'limits' | 'logger' | 'refusedToken'>
> &
  Pick<AuthServerOptions, 'loadUser' | 'inspect'>

/** A listening server. */
export interface DrivenServer {
  /** The base URL of the auth routes, for example `http://127.0.0.1:3000/auth`. */
  readonly endpoint: string
  /** Stops the server. */
  close(): Promise<void>
}

/** The timers and the clock of the server's process. */
export interface VirtualTime {
  /** The current time, epoch ms. */
  now(): number
  /** Lets time pass, and fires every timer that becomes due. */
  advance(milliseconds: number): Promise<unknown>
}

/** Options of {@link createHttpDriver}. */
export interface HttpDriverOptions {
  /** The name in the report. Default: `http`. */
  readonly name?: string
  /** The emulator that mints the tokens and signs the webhooks. */
  readonly clerk: ClerkEmulator
  /**
   * Starts a new server of yours with these options for `createAuthServer`, which take precedence over your own. It is
   * called once for each path.
   */
  readonly serve: (options: DrivenServerOptions) => Promise<DrivenServer>
  /** The virtual time of the server's process. */
  readonly time: VirtualTime
  /** Opens the browser that talks to the server. Default: a browser of `fetch` and a stream. */
  readonly openBrowser?: (endpoint: string) => DrivenBrowser | Promise<DrivenBrowser>
  /**
   * True if states and transitions are counted in the server's own machines, through its `inspect` option. Default:
   * false, so that the model counts them, because a server without an inspector holds its sessions in another way.
   */
  readonly isInspected?: boolean
}

/** The time that the server's answers may take, ms of real time. */
const patience = 3_000
/** The most virtual time that passes at once, ms, so that messages on the wire do not seem slower than they are. */
const tick = 5_000
/** The number of turns of the event loop after which a request has certainly reached the server in the same process. */
const arrival = 30

/**
 * Drives a server over real HTTP and SSE, as one browser with one tab. The emulated Clerk gives the tokens real
 * signatures, which the real verifier checks. Keys arrive, and time passes, when the path says so.
 *
 * Let `Math.random` return `modelRandom` in the meantime, or the server retries at other times than the model.
 */
export function createHttpDriver({ name = 'http', ...options }: HttpDriverOptions): ConformanceDriver {
  return { name, patience, start: (plan) => startRun(plan, options) }
}

async function startRun(
  { input, steps, inspect }: ConformancePlan,
  { clerk, serve, time, isInspected, openBrowser = createHttpBrowser }: Omit<HttpDriverOptions, 'name'>,
): Promise<ConformanceRun> {
  // jose is loaded only here, because a driver of an actor does not need it.
  const { createKeySource } = await import('../../../adapters/jose/create-key-source.ts')
  const gate = createTokenGate(createKeySource({ jwks: clerk.jwks() }), clerk.jwks().keys[0]?.kid ?? '')
  const epoch = time.now()
  const clock = () => time.now() + skew
  const azp = 'http://localhost:3000'
  const shared = createSharedStore(clock, { iss: clerk.issuer, azp })
  const profiles = createProfileDesk(time.now)
  const answered: SettledToken[] = []
  let skew = 0
  let current: AuthView
  const failures: unknown[] = []

  const server = await serve({
    clerk: { publishableKey: clerk.publishableKey, webhookSecret: clerk.webhookSecret },
    keys: gate.keys,
    claims: {
      issuer: clerk.issuer,
      authorizedParties: [azp],
      clockTolerance: input.clockTolerance,
    },
    store: shared.store,
    clock,
    limits: { requestsPerSession: 10_000 },
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    refusedToken: input.refusedToken ?? 'keep',
    ...(isInspected && { inspect }),
    ...(steps.some(({ kind }) => kind === 'profile') && { loadUser: profiles.load }),
  })
  const browser = await openBrowser(server.endpoint)
  current = await browser.open()

  const webhook = async (type: string, id: string) => {
    const message = clerk.signWebhook({ type, data: { id } }, { sentAt: time.now() })
    const { status } = await fetch(`${server.endpoint}/webhook`, { method: 'POST', ...message })
    if (status !== 204) throw new Error(`the webhook was answered with ${status}`)
  }

  await webhook('session.revoked', revokedSessionId)

  async function pass(ms: number) {
    for (let left = ms; ; left -= tick) {
      await time.advance(Math.min(left, tick))
      await turns(arrival)
      if (left <= tick) return
    }
  }

  async function perform(step: ConformanceStep): Promise<void> {
    switch (step.kind) {
      case 'token': {
        const token = mintStepToken(clerk, step, { by: epoch - virtualEpoch, now: clock() })
        browser.postToken(token).then(
          (code) => answered.push({ id: step.id, code }),
          (error: unknown) => failures.push(error),
        )
        return step.isChecked ? gate.begun(step.id) : turns(arrival)
      }
      case 'verdict':
        return gate.settle(step.id, step.verdict)
      case 'clear': {
        const cleared = browser.postClear(step.sessionId)
        await turns(arrival)
        // The server keeps checking the tokens that the sign-out ended, to learn which session it has to refuse from
        // now on.
        gate.letThrough(step.discards)
        return cleared
      }
      case 'revoke':
        return step.userId === undefined
          ? webhook('session.revoked', step.sessionId ?? current.sessionId ?? '')
          : webhook('user.deleted', step.userId)
      case 'adopt':
        return shared.decide(step.record, epoch - virtualEpoch)
      case 'keys':
        return gate.refresh()
      case 'profile':
        return profiles.answer(step.userId, step.user)
      default:
        skew += step.clockJump
        return pass(step.ms)
    }
  }

  function cannot(step: ConformanceStep): string | null {
    return browser.cannot?.(step) ?? cannotReach(step)
  }

  function cannotReach(step: ConformanceStep): string | null {
    switch (step.kind) {
      case 'revoke':
        return current.isSignedIn ? null : 'Clerk revokes by name, and a server knows no name while nobody is signed in'
      case 'adopt':
        if (!shared.isStored) return 'other nodes know a session once somebody has signed in with it'
        return step.record.status === 'signedOut' && !current.isSignedIn
          ? 'of two nodes that both say signed out, neither takes anything over'
          : null
      case 'profile':
        return profiles.isAsked(step.userId) ? null : 'a profile comes only of a user for whom it was asked'
      case 'time':
        return profiles.isOverdue(step.ms) ? 'a profile that takes so long counts as failed' : null
      default:
        return null
    }
  }

  /** The answer to a request, once the stream shows the same. */
  async function view(): Promise<AuthView> {
    const isShown = async () => {
      if (failures.length > 0) throw failures[0]
      current = await browser.view()
      // A jump of the clock shows in every answer, but in no frame before the timer.
      return skew !== 0 || isSameFrame(browser.streamed, current)
    }
    if (await eventually(isShown, patience)) return current
    throw new Error(
      `the stream shows ${JSON.stringify(browser.streamed)} where a request is told ${JSON.stringify(current)}`,
    )
  }

  return {
    epoch,
    cannot,
    perform,
    view,
    settled: () => answered.splice(0),
    async stop() {
      await browser.close()
      await profiles.close()
      let isClosed = false
      const closing = server.close().then(() => (isClosed = true))
      // A server that ends its streams one after the other waits for its own timers.
      await eventually(async () => {
        await time.advance(100)
        return isClosed
      }, patience)
      await closing
    },
  }
}

const isSameFrame = (a: AuthView | null, b: AuthView) => isDeepStrictEqual({ ...a, now: 0 }, { ...b, now: 0 })
