import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import type { SseReader } from '../../h3/sse-reader.ts'
import type { ClerkEmulator, EmulatedSession } from '../../kit/index.ts'
import type { FixtureSettings } from '../fixture/settings.ts'
import type { HttpAnswer, HttpBrowser } from '../http-browser.ts'

/** A running server, with what a check needs to use it. */
export interface Site {
  readonly origin: string
  readonly clerk: ClerkEmulator
  /** Makes a browser for the auth server under this path, by default `/auth`. Its streams are closed after the check. */
  browser(basePath?: string): HttpBrowser
}

/** Stores for a server under test. */
export type Stores = Pick<FixtureSettings, 'redisUrl' | 'sqlitePath'>

/** The server that all checks use, and servers that one check starts for itself. */
export interface Ground extends Site {
  /** Starts a server of the same runtime with these stores. It ends with the check, or by `stop`. */
  start(stores: Stores): Promise<Site & { stop(): Promise<void> }>
}

/** One row of the table. It rejects with what was wrong. */
export type Check = (ground: Ground) => Promise<void>

/** Requires a problem document with this status and code. */
export function requireProblem({ status, headers, body }: HttpAnswer, expected: number, code: string): void {
  assert.deepEqual([status, body['code']], [expected, code])
  assert.match(String(headers['content-type']), /^application\/problem\+json/)
  assert.equal(headers['cache-control'], 'no-store, no-transform')
}

/** Waits for something that the server does by itself. @throws Error after 60 s */
export async function until(check: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000
  while (performance.now() < deadline) {
    if (await check()) return
    await wait(50)
  }
  throw new Error(`It did not happen within 60 s: ${String(check)}`)
}

export interface SignedIn {
  readonly browser: HttpBrowser
  readonly session: EmulatedSession
  /** The stream of the tab that has signed in. */
  readonly stream: SseReader
  /** Mints a token of the session. */
  mint(options?: Parameters<ClerkEmulator['mintToken']>[0]): string
}

/** Signs in as a browser does: it opens the stream, and posts a token of a new Clerk session. */
export async function signIn(site: Site, basePath = '/auth'): Promise<SignedIn> {
  const { clerk } = site
  const browser = site.browser(basePath)
  const session = clerk.createSession('user_ada')
  const mint: SignedIn['mint'] = (options) => clerk.mintToken({ session, ...options })
  const stream = await browser.open()
  assert.equal((await stream.view()).state, 'unchecked')
  const answer = await browser.token(mint())
  assert.deepEqual([answer.status, answer.body['userId']], [200, 'user_ada'])
  await stream.viewWhere(({ isSignedIn }) => isSignedIn)
  return { browser, session, stream, mint }
}
