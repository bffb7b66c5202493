import type { Explanation } from 'authchart'
import type { StateValue } from 'xstate'

/**
 * The answer of `GET /demo/config`: the settings that the page needs before Clerk can start. None of them is secret.
 */
export interface DemoConfig {
  /** `emulator` if no CLERK_* keys are set, otherwise `clerk`. */
  readonly mode: 'emulator' | 'clerk'
  /** Props of Clerk's provider. */
  readonly clerk: { readonly publishableKey: string; readonly proxyUrl?: string }
  /** The user who can sign in at the emulator. Null with the real Clerk. */
  readonly user: { readonly name: string; readonly email: string; readonly password: string } | null
  /** The seconds for which a token counts after its exp. */
  readonly clockTolerance: number
}

/**
 * The faults that are switched on, as `GET` and `POST /demo/faults` answer. The answer is null with the real Clerk.
 */
export interface FaultState {
  readonly keysEndpoint: 'up' | 'down'
  readonly tokenEndpoint: 'up' | 'failing' | 'hanging'
  /** The seconds by which Clerk's clock is ahead of the server's. */
  readonly skew: number
  /** The lifetime of a token in seconds. */
  readonly tokenLifetime: number
}

/** Seconds that the last token of an expiring session lives. */
export const lastLifetime = 5

/** Body of `POST /demo/faults`: a new setting, or something to do once. */
export type FaultRequest =
  | { readonly [Name in keyof FaultState]: { readonly set: Name; readonly to: FaultState[Name] } }[keyof FaultState]
  | { readonly do: 'rotateKeys' | 'revokeSession' | 'dropStreams' | 'withholdTokens' }

/**
 * One step of the session's machine on the server, as `GET /demo/steps` streams it. It has names only, never a token.
 */
export interface Step {
  /** The type of the event. Empty for the state at the moment when the feed was opened. */
  readonly event: string
  readonly value: StateValue
  /** The ids of the arrows taken (`toArrowId`). */
  readonly arrows: readonly string[]
}

export async function fetchConfig(): Promise<DemoConfig> {
  return request('/demo/config')
}

/** Fetches `GET /demo/why`, which explains the state of this browser's session. */
export async function fetchExplanation(): Promise<Explanation> {
  return request('/demo/why')
}

export async function fetchFaults(): Promise<FaultState | null> {
  return request('/demo/faults')
}

export async function postFault(body: FaultRequest): Promise<FaultState | null> {
  return request('/demo/faults', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

async function request<Answer>(path: string, init?: RequestInit): Promise<Answer> {
  const response = await fetch(path, init)
  if (!response.ok) throw new Error(`${init?.method ?? 'GET'} ${path} answered ${response.status}`)
  return (await response.json()) as Answer
}
