import { isDeepStrictEqual } from 'node:util'
import type { AuthServerOptions } from '../../../adapters/h3/index.ts'
import type { AuthView } from '../../../machines/index.ts'
import { virtualEpoch } from '../auth-fixtures.ts'
import { revokedSessionId } from '../auth-model.ts'
import type { ClerkEmulator } from '../clerk-emulator/index.ts'
import type { ConformanceDriver, ConformancePlan, ConformanceRun } from './conformance-driver.ts'
import type { ConformanceStep } from './conformance-step.ts'
import { createHttpBrowser } from './http-browser.ts'
import type { DrivenBrowser } from './http-browser.ts'
import { mintStepToken } from './mint-step-token.ts'
import type { SettledToken } from './plan-path.ts'
import { createProfileDesk } from './profile-desk.ts'
import { eventually, turns } from './real-time.ts'
import { createSharedStore } from './shared-store.ts'
import { createTokenGate } from './token-gate.ts'

/** The options of `createAuthServer` that the driver has to have in its hand. */
export type DrivenServerOptions = Required<
  Pick<AuthServerOptions, 'clerk' | 'keys' | 'claims' | 'store' | 'clock' | 'limits' | 'logger' | 'refusedToken'>
> &
  Pick<AuthServerOptions, 'loadUser' | 'inspect'>

/** A server that listens. */
export interface DrivenServer {
  /** Where the auth routes are, as `http://127.0.0.1:3000/auth`. */
  readonly endpoint: string
  close(): Promise<void>
}

/** The timers and the clock of the process that the server runs in. */
export interface VirtualTime {
  /** Epoch ms. */
  now(): number
  /** Lets time pass, and fires what is due on the way. */
  advance(milliseconds: number): Promise<unknown>
}

export interface HttpDriverOptions {
  /** Named in the report; default `http`. */
  readonly name?: string
  /** Mints the tokens and signs the webhooks. */
  readonly clerk: ClerkEmulator
  /** Starts your server anew with these options for `createAuthServer`, over your own. Once for each path. */
  readonly serve: (options: DrivenServerOptions) => Promise<DrivenServer>
  readonly time: VirtualTime
  /** What talks to the server; default a browser of `fetch` and a stream. */
  readonly openBrowser?: (endpoint: string) => DrivenBrowser | Promise<DrivenBrowser>
  /**
   * Count states and transitions in the server's own machines, through its `inspect` option; default false: as the model
   * says, since a server without an inspector holds its sessions in another way.
   */
  readonly isInspected?: boolean
}

/** How long the server's answers may take, ms of real time. */
const patience = 3_000
/** So much virtual time passes at once at most, ms: what is on the wire must not seem slower than it is. */
const tick = 5_000
/** Turns of the event loop in which a request has surely reached the server in the same process. */
const arrival = 30

/**
 * Drives a server over real HTTP and SSE, as one browser with one tab, with tokens of an emulated Clerk: real signatures,
 * checked by the real verifier. Keys come when the path says so, and time passes when it does.
 *
 * Have `Math.random` return `modelRandom` meanwhile, or the server retries at other times than the model.
 */
export function createHttpDriver({ name = 'http', ...options }: HttpDriverOptions): ConformanceDriver {
  return { name, patience, start: (plan) => startRun(plan, options) }
}

async function startRun(
  { input, steps, inspect }: ConformancePlan,
  { clerk, serve, time, isInspected, openBrowser = createHttpBrowser }: Omit<HttpDriverOptions, 'name'>,
): Promise<ConformanceRun> {
  // Loaded when it is needed, so that whoever drives an actor alone needs no jose.
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
        // The server goes on checking what the sign-out cut off, to learn whom to refuse from now on.
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

  /** What a request is told, once the stream tells the same. */
  async function view(): Promise<AuthView> {
    const isShown = async () => {
      if (failures.length > 0) throw failures[0]
      current = await browser.view()
      // A clock that jumped shows in every answer, but in no frame before the timer.
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
      // A server that ends its streams in turn waits for its own timers.
      await eventually(async () => {
        await time.advance(100)
        return isClosed
      }, patience)
      await closing
    },
  }
}

const isSameFrame = (a: AuthView | null, b: AuthView) => isDeepStrictEqual({ ...a, now: 0 }, { ...b, now: 0 })
