import { describe, expect, it, onTestFinished } from 'vitest'
import { SimulatedClock, createActor } from 'xstate'
import { startApp } from '../../docs/examples/child-actor/start-app.ts'
import { createTicks } from '../../docs/examples/long-lived-stream/ticks.ts'
import { createIntrospectingAuth } from '../../docs/examples/own-verifier/introspect.ts'
import {
  AuthError,
  BearerToken,
  toAuthView,
  whenChecked,
  type AuthErrorCode,
  type VerifiedSession,
} from '../../machines/index.ts'
import { eventually, startServer } from '../h3/harness.ts'
import { createProof } from '../kit/auth-fixtures.ts'
import { startIntrospection } from './introspection.ts'

describe('child-actor', () => {
  const now = Date.now()
  const proof = createProof({ issuedAt: now })

  function start(answers: Record<string, VerifiedSession | AuthErrorCode>) {
    const clock = new SimulatedClock()
    const asked: number[] = []
    const verify = async (token: BearerToken) => {
      const answer = answers[token.reveal()] ?? 'token-malformed'
      if (typeof answer === 'string') throw new AuthError(answer)
      return answer
    }
    const started = startApp(verify, () => asked.push(clock.now()), { clock })
    onTestFinished(() => void started.app.stop())
    return { ...started, clock, asked, snapshot: () => started.app.getSnapshot() }
  }
  const settled = () => new Promise((resolve) => setImmediate(resolve))

  it('opens to signed-in users, and forgets their text when they leave', async () => {
    const { app, signIn, signOut, snapshot } = start({ good: proof })
    expect(snapshot().value).toBe('closed')
    app.send({ type: 'draft.changed', text: 'nobody may' })
    expect(snapshot().context.draft).toBe('')
    signIn('good')
    await settled()
    expect(snapshot().value).toBe('open')
    app.send({ type: 'draft.changed', text: 'dear all' })
    expect(snapshot().context.draft).toBe('dear all')
    signOut()
    expect(snapshot().value).toBe('closed')
    expect(snapshot().context.draft).toBe('')
  })

  it('drops the draft when another user takes over, and keeps it over a renewal and a refusal', async () => {
    const { app, signIn, snapshot } = start({
      good: proof,
      renewed: createProof({ issuedAt: now + 1_000 }),
      other: createProof({ issuedAt: now, userId: 'user_b' }),
    })
    signIn('good')
    await settled()
    app.send({ type: 'draft.changed', text: 'dear all' })
    signIn('renewed')
    await settled()
    signIn('junk')
    await settled()
    expect(snapshot().context).toMatchObject({ draft: 'dear all', refusals: 1 })
    signIn('other')
    await settled()
    expect(snapshot()).toMatchObject({ value: 'open', context: { draft: '' } })
  })

  it('asks for a token when the machine inside needs one', async () => {
    const { signIn, clock, asked } = start({ good: createProof({ issuedAt: now - 60_000 }) })
    signIn('good')
    await settled()
    // The token is past its exp and within the clock tolerance.
    expect(asked).toEqual([0])
    expect(clock.now()).toBe(0)
  })
})

describe('own-verifier', () => {
  async function start() {
    const endpoint = await startIntrospection('Basic app:secret')
    const machine = createIntrospectingAuth(endpoint.url, 'Basic app:secret')
    const actor = createActor(machine, { input: { random: () => 0 } }).start()
    onTestFinished(() => void actor.stop())
    return {
      endpoint,
      actor,
      view: () => toAuthView(actor.getSnapshot()),
      async send(text: string) {
        actor.send({ type: 'token.received', token: new BearerToken(text) })
        await whenChecked(actor, { timeout: 5_000 })
      },
    }
  }
  const active = () => {
    const iat = Math.floor(Date.now() / 1_000)
    return { active: true, sub: 'user_a', sid: 'sess_a', iat, exp: iat + 60 }
  }

  it('signs in with an opaque token that the endpoint calls active', async () => {
    const { endpoint, send, view } = await start()
    endpoint.tokens.set('opaque', active())
    await send('opaque')
    expect(view()).toMatchObject({ state: 'signedIn', userId: 'user_a', sessionId: 'sess_a' })
    expect(endpoint.asked).toEqual(['opaque'])
  })

  it('treats an inactive token as a verdict', async () => {
    const { send, view } = await start()
    await send('unknown')
    expect(view()).toMatchObject({ state: 'signedOut', error: { code: 'token-claims' } })
  })

  it('treats an outage as no verdict, and asks again', async () => {
    const { endpoint, actor, view } = await start()
    endpoint.tokens.set('opaque', active())
    endpoint.isDown = true
    actor.send({ type: 'token.received', token: new BearerToken('opaque') })
    await expect.poll(() => view().state).toBe('error')
    expect(view().error).toMatchObject({ code: 'keys-unavailable', retryable: true })
    endpoint.isDown = false
    actor.send({ type: 'keys.refreshed' })
    await expect.poll(() => view().state).toBe('signedIn')
  })
})

describe('long-lived-stream', () => {
  async function open(cookie: string, url: string) {
    const response = await fetch(`${url}/ticks`, { headers: { cookie } })
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
    return {
      response,
      next: async () => (await reader.read()).value,
      async rest() {
        let text = ''
        for (let part = await reader.read(); !part.done; part = await reader.read()) text += part.value
        return text
      },
      close: () => reader.cancel(),
    }
  }
  const start = () => startServer({}, (app, auth) => void app.mount('', createTicks(auth, 5)))

  it('runs while its reader is signed in, and ends at the sign-out', async () => {
    const server = await start()
    const browser = server.browser()
    await browser.token(server.mint())
    const stream = await open(browser.cookie!, server.url)
    expect(stream.response.status).toBe(200)
    expect(await stream.next()).toBe('1\n')
    await browser.clear()
    expect(await stream.rest()).toMatch(/(\d+\n)*signed out\n$/)
  })

  it('ends at a revocation too, and when another user takes the session over', async () => {
    const server = await start()
    const ends = [
      (browser: ReturnType<typeof server.browser>) => server.auth.revoke({ userId: 'user_a' }).then(() => browser),
      (browser: ReturnType<typeof server.browser>) => browser.token(server.mint({ sub: 'user_b', sid: 'sess_b' })),
    ]
    for (const [index, end] of ends.entries()) {
      const browser = server.browser()
      await browser.token(server.mint({ sid: `sess_${index}`, iat: Math.floor(Date.now() / 1_000) + index }))
      const stream = await open(browser.cookie!, server.url)
      await stream.next()
      await end(browser)
      expect(await stream.rest()).toMatch(/signed out\n$/)
    }
  })

  it('is closed to strangers, and survives a reader who leaves before the sign-out', async () => {
    const server = await start()
    expect((await fetch(`${server.url}/ticks`)).status).toBe(401)
    const browser = server.browser()
    await browser.token(server.mint())
    const stream = await open(browser.cookie!, server.url)
    await stream.next()
    await stream.close()
    await eventually(() => server.sockets.some(({ destroyed }) => destroyed), 'the end of the connection')
    await browser.clear()
    expect(server.lines.filter(([level]) => level === 'error')).toEqual([])
  })
})
