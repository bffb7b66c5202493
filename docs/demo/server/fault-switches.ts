import type { ClerkEmulator, Fault } from 'authchart/testing'
import type { FaultRequest, FaultState } from '../src/demo-api.ts'

export interface FaultSwitches {
  readonly state: FaultState
  /** Applies a change of the settings. */
  set(change: Partial<FaultState>): void
  /** Lets the token endpoint fail for some ms, unless its switch is moved before. */
  withholdTokens(duration: number): void
}

const keysDown: Fault = { path: '/bapi/v1/jwks', status: 503 }
const tokens = /\/tokens$/

const tokenFaults: Record<FaultState['tokenEndpoint'], Fault[]> = {
  up: [],
  failing: [{ path: tokens, status: 503 }],
  // The request is cut in the end: a browser opens six connections to one host, and the demo's own requests need
  // some.
  hanging: [{ path: tokens, delay: 15_000, drop: true }],
}

/** The values that each setting can take. A name that is not listed is not a setting. */
const choices: { [Name in keyof FaultState]: readonly FaultState[Name][] } = {
  keysEndpoint: ['up', 'down'],
  tokenEndpoint: ['up', 'failing', 'hanging'],
  skew: [-120, 0, 120],
  tokenLifetime: [60, 30, 5],
}

/** The switches that break the emulated Clerk, and their positions. */
export function createFaultSwitches(emulator: ClerkEmulator): FaultSwitches {
  let repair: ReturnType<typeof setTimeout> | undefined
  let state: FaultState = { keysEndpoint: 'up', tokenEndpoint: 'up', skew: 0, tokenLifetime: 60 }
  function set(change: Partial<FaultState>): void {
    if (change.tokenEndpoint) clearTimeout(repair)
    state = { ...state, ...change }
    emulator.setFaults([...(state.keysEndpoint === 'down' ? [keysDown] : []), ...tokenFaults[state.tokenEndpoint]])
    emulator.skewClock(state.skew * 1_000)
    emulator.setTokenTtl(state.tokenLifetime)
  }
  return {
    get state() {
      return state
    },
    set,
    withholdTokens(duration) {
      set({ tokenEndpoint: 'failing' })
      repair = setTimeout(set, duration, { tokenEndpoint: 'up' })
      repair.unref()
    },
  }
}

const actions: ReadonlySet<unknown> = new Set(['rotateKeys', 'revokeSession', 'dropStreams', 'withholdTokens'])

/** The request in a body, or null: a page posts it, so nothing about it is taken for granted. */
export function toFaultRequest(body: unknown): FaultRequest | null {
  if (typeof body !== 'object' || body === null) return null
  if ('do' in body) {
    return actions.has(body.do) ? ({ do: body.do } as FaultRequest) : null
  }
  if (!('set' in body && 'to' in body && typeof body.set === 'string' && Object.hasOwn(choices, body.set))) return null
  const allowed: readonly unknown[] = choices[body.set as keyof FaultState]
  return allowed.includes(body.to) ? ({ set: body.set, to: body.to } as FaultRequest) : null
}
