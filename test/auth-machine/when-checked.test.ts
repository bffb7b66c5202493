import { describe, expect, it } from 'vitest'
import { whenChecked } from '../../machines/index.ts'
import { session, startAuth } from './harness.ts'

describe('whenChecked over a bare actor (SEEDS C16: event-driven, no polling)', () => {
  it('resolves at once if there is a verdict', async () => {
    const auth = startAuth()
    await auth.signIn()
    expect(await whenChecked(auth.actor)).toMatchObject({ isSignedIn: true, timedOut: false })
  })

  it.each([
    ['signed in', () => ({ isSignedIn: true, state: 'signedIn' })],
    ['signed out', () => ({ isSignedIn: false, state: 'signedOut' })],
  ])('resolves with the first verdict: %s', async (verdict, expected) => {
    const auth = startAuth()
    const checked = whenChecked(auth.actor)
    auth.token()
    await (verdict === 'signed in' ? auth.accept(session()) : auth.refuse('token-signature'))
    expect(await checked).toMatchObject({ authChecked: true, timedOut: false, ...expected() })
  })

  it('resolves with timedOut when its own time has passed, counted from the call on the clock of the actor', async () => {
    const auth = startAuth()
    auth.wait(900)
    const checked = whenChecked(auth.actor, { timeout: 500 })
    let resolved = false
    void checked.then(() => (resolved = true))
    auth.wait(499)
    await Promise.resolve()
    expect(resolved).toBe(false)
    auth.wait(1)
    expect(await checked).toMatchObject({ timedOut: true, authChecked: false })
  })

  it('does not count an outage as a verdict', async () => {
    const auth = startAuth()
    const checked = whenChecked(auth.actor, { timeout: 5_000 })
    auth.token()
    await auth.refuse('keys-unavailable')
    auth.wait(1_000)
    await auth.accept(session())
    expect(await checked).toMatchObject({ isSignedIn: true, timedOut: false })
  })

  it('resolves when the actor stops, and rejects with the reason of an aborted signal', async () => {
    const auth = startAuth()
    const reason = new Error('the request went away')
    const aborter = new AbortController()
    const aborted = whenChecked(auth.actor, { signal: aborter.signal })
    const stopped = whenChecked(auth.actor)
    aborter.abort(reason)
    await expect(aborted).rejects.toBe(reason)
    await expect(whenChecked(auth.actor, { signal: aborter.signal })).rejects.toBe(reason)
    auth.actor.stop()
    expect(await stopped).toMatchObject({ timedOut: true })
  })
})
