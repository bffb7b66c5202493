import { createActor, fromPromise, SimulatedClock } from 'xstate'
import {
  AuthError,
  authMachine,
  BearerToken,
  toAuthView,
  type AuthEmitted,
  type AuthErrorCode,
  type AuthInput,
  type VerifiedSession,
} from '../../machines/index.ts'
import { createProof, virtualEpoch } from '../kit/auth-fixtures.ts'

/** Makes a proof that was issued `at` ms after the epoch. */
export function session({ at = 0, ...overrides }: Partial<VerifiedSession> & { at?: number } = {}): VerifiedSession {
  return createProof({ issuedAt: virtualEpoch + at, ...overrides })
}

/** Starts an auth machine under virtual time. The test settles its checks by hand, in the order of the requests. */
export function startAuth(input: AuthInput = {}) {
  const clock = new SimulatedClock()
  const skew = { ms: 0 }
  const now = () => virtualEpoch + clock.now() + skew.ms
  const checks: { token: string; resolve(value: VerifiedSession): void; reject(error: unknown): void }[] = []
  const emitted: AuthEmitted[] = []
  const machine = authMachine.provide({
    actors: {
      verifyToken: fromPromise<VerifiedSession, { token: BearerToken }>(
        ({ input: { token }, signal }) =>
          new Promise((resolve, reject) => {
            const check = { token: token.reveal(), resolve, reject }
            checks.push(check)
            signal.addEventListener('abort', () => checks.splice(checks.indexOf(check), 1))
          }),
      ),
    },
  })
  const actor = createActor(machine, { clock, input: { now, random: () => 0.5, ...input } })
  actor.on('*', (event) => emitted.push(event))
  actor.start()

  const settled = async (settle: (check: (typeof checks)[number]) => void) => {
    const check = checks.shift()
    if (!check) throw new Error('no check is in the air')
    settle(check)
    await Promise.resolve()
    await Promise.resolve()
  }
  let tokens = 0
  return {
    actor,
    clock,
    skew,
    now,
    checks,
    emitted,
    view: () => toAuthView(actor.getSnapshot()),
    value: () => actor.getSnapshot().value,
    /** Lets virtual time pass and fires the timers that become due. */
    wait: (ms: number) => clock.increment(ms),
    token(id = `t${++tokens}`) {
      actor.send({ type: 'token.received', token: new BearerToken(`secret.${id}`), id })
      return id
    },
    accept: (verified: VerifiedSession) => settled((check) => check.resolve(verified)),
    refuse: (code: AuthErrorCode, retryAfter?: number) =>
      settled((check) => check.reject(new AuthError(code, undefined, { retryAfter }))),
    fail: (error: unknown) => settled((check) => check.reject(error)),
    /** Posts a token that proves `verified`. */
    async signIn(verified: VerifiedSession = session()) {
      const id = this.token()
      await this.accept(verified)
      return id
    },
    outcome: (id: string) =>
      emitted.flatMap((event) =>
        event.type === 'token.settled' && event.id === id ? [event.error?.code ?? event.outcome] : [],
      ),
    count: (type: AuthEmitted['type']) => emitted.filter((event) => event.type === type).length,
  }
}
