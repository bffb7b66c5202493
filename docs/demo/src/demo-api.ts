import type { Explanation } from 'authchart'
import type { StateValue } from 'xstate'

/** `GET /demo/config`: what the page must know before Clerk can start. Nothing secret. */
export interface DemoConfig {
  /** `emulator` without CLERK_* keys, else `clerk`. */
  readonly mode: 'emulator' | 'clerk'
  /** Props of Clerk's provider. */
  readonly clerk: { readonly publishableKey: string; readonly proxyUrl?: string }
  /** Who can sign in at the emulator; null with the real Clerk. */
  readonly user: { readonly name: string; readonly email: string; readonly password: string } | null
  /** Seconds a token outlives its exp. */
  readonly clockTolerance: number
}

/** What is broken right now: the answer of `GET` and `POST /demo/faults`, null with the real Clerk. */
export interface FaultState {
  readonly keysEndpoint: 'up' | 'down'
  readonly tokenEndpoint: 'up' | 'failing' | 'hanging'
  /** Seconds that Clerk's clock is ahead of the server's. */
  readonly skew: number
  /** Seconds that a token lives. */
  readonly tokenLifetime: number
}

/** Body of `POST /demo/faults`: a new setting, or something to do once. */
export type FaultRequest =
  | { readonly [Name in keyof FaultState]: { readonly set: Name; readonly to: FaultState[Name] } }[keyof FaultState]
  | { readonly do: 'rotateKeys' | 'revokeSession' | 'dropStreams' }

/** One step of the session's machine on the server, as `GET /demo/steps` streams them: names only, never a token. */
export interface Step {
  /** Type of the event; empty for the state of the moment the feed was opened. */
  readonly event: string
  readonly value: StateValue
  /** Ids of the arrows taken (`toArrowId`). */
  readonly arrows: readonly string[]
}

export async function fetchConfig(): Promise<DemoConfig> {
  return request('/demo/config')
}

/** `GET /demo/why`: why this browser's session is what it is. */
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
