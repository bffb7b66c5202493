import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { SimulatedClock, createActor, fromPromise, setup } from 'xstate'
import { createInspector, createStatelyInspector } from '../../adapters/inspector/index.ts'
import { toShownFields, toShownId } from '../../adapters/inspector/shown-fields.ts'
import { AuthError, BearerToken, authMachine } from '../../machines/index.ts'
import { findChromium, launchBrowser } from '../e2e/browser.ts'
import { eventually } from '../h3/harness.ts'
import { openSse } from '../h3/sse-reader.ts'
import { startRelay } from './relay-server.ts'
import { play, startInspected } from './scenario.ts'
import { openStatelyPage } from './stately-page.ts'

/** Values that would reveal a token or a person. */
const privateValues = ['ada@private.example', 'the-countess', 'secret-slug', 'Lovelace', 'ada.png', 'evil.example']

const toParts = (tokens: readonly string[]) =>
  tokens.flatMap((token) => [token, ...token.split('.')]).filter((part) => part.length > 20)

function expectClean(text: string, secrets: readonly string[], where: string) {
  expect(text.length, `${where} has something in it`).toBeGreaterThan(1_000)
  expect(
    secrets.filter((secret) => text.includes(secret)),
    where,
  ).toEqual([])
  expect(/eyJ[\w-]{20,}/.exec(text)?.[0], where).toBeUndefined()
}

describe('only names, ids, states and times leave the server', () => {
  it('by the stream of the page, a relay of your own, or the built-in relay', async () => {
    const relay = await startRelay()
    const [own, ours] = await Promise.all([createStatelyInspector({ relay: relay.url }), createStatelyInspector()])
    onTestFinished(async () => {
      await Promise.all([own.stop(), ours.stop()])
    })
    const inspector = createInspector()
    const secretKey = 'sk_test_thisIsTheSecretKeyOfTheInstance'
    const server = await startInspected({
      inspector: {},
      server: {
        inspect: [inspector, own, ours],
        clerk: { secretKey },
        loadUser: (id) =>
          Promise.resolve({
            id,
            firstName: 'Ada',
            lastName: 'Lovelace',
            username: null,
            emailAddress: 'ada@private.example',
            hasImage: true,
            imageUrl: 'https://img.example/ada.png',
          }),
      },
    })
    const pageCookie = await server.enter(inspector.link(`${server.url}/auth`))
    const played = await play(server)
    await server.auth.revoke({ userId: 'user_bob' })

    const streams: string[] = []
    for (const { key, machine } of inspector.sessions()) {
      const stream = await openSse(`${server.url}/auth/inspect/events?session=${key}`, { cookie: pageCookie })
      await stream.next()
      streams.push(stream.text())
      expect(stream.text(), machine).toContain('"label":"start"')
      stream.close()
    }
    const bridged: string[] = []
    const page = new WebSocket(ours.link!.replace(/^http/, 'ws').replace(/$/, '/feed'), {
      origin: new URL(ours.link!).origin,
    })
    page.on('message', (data: Buffer) => bridged.push(data.toString()))
    onTestFinished(() => page.terminate())
    await eventually(() => bridged.some((frame) => frame.includes('"type":"session.revoked"')), 'the bridge')
    await eventually(() => relay.frames.some((frame) => frame.includes('"type":"session.revoked"')), 'the relay')

    const bare = [...played.cookies, pageCookie].map((cookie) => cookie!.split('=')[1]!)
    const secrets = [...toParts(played.tokens), ...privateValues, secretKey, ...bare]
    expect(secrets.length).toBeGreaterThan(20)
    for (const [where, frames] of Object.entries({ page: streams, relay: relay.frames, bridge: bridged })) {
      const text = frames.join('\n')
      expectClean(text, secrets, where)
      for (const shown of ['user_ada', 'sess_ada', 'org_engines', 'org:admin', 'user_bob', '[token]', 'token-claims']) {
        expect(text, where).toContain(shown)
      }
    }
  })

  it("for an actor of the app's own, whatever its fields are called", () => {
    const inspector = createInspector()
    const secret = 'S3CRET'.repeat(8)
    const machine = setup({
      types: { context: {}, events: {} as { type: 'go'; secret: string } },
      actors: { work: fromPromise<object, object>(() => Promise.resolve({ secret })) },
    }).createMachine({
      id: 'app',
      context: {
        secret,
        id: secret,
        user: { secret },
        userId: `${'a'.repeat(20)}.${'b'.repeat(20)}.${secret}`,
        error: new Error(secret),
      },
      initial: 'idle',
      states: { idle: { on: { go: 'busy' } }, busy: { invoke: { src: 'work', input: { secret } } } },
    })
    const actor = createActor(machine, { id: secret + secret + secret, inspect: inspector.inspect }).start()
    actor.send({ type: 'go', secret })
    actor.send({ type: secret } as never)
    const [session] = inspector.sessions()
    const shown = JSON.stringify([session, inspector.steps(session!.key)])
    expect(shown).not.toContain('S3CRET')
    expect(inspector.steps(session!.key).map(({ event }) => event.type)).toEqual(['xstate.init', 'go', '[event]'])
    expect(inspector.steps(session!.key)[0]?.context).toEqual({ userId: '[id]', error: { code: '[error]' } })
    actor.stop()
  })

  it('for an error, which shows only its code from a closed list', async () => {
    const inspector = createInspector()
    const cause = new Error('at https://internal.example/keys?secret=1')
    const actor = createActor(
      authMachine.provide({
        actors: {
          verifyToken: fromPromise(() => Promise.reject(new AuthError('keys-unavailable', 'S3CRET', { cause }))),
        },
      }),
      { clock: new SimulatedClock(), inspect: inspector.inspect },
    ).start()
    actor.send({ type: 'token.received', token: new BearerToken('a.b.c') })
    await eventually(() => inspector.sessions()[0]?.value === 'error')
    const steps = inspector.steps(inspector.sessions()[0]!.key)
    expect(steps.at(-1)).toMatchObject({
      event: { label: 'verifyToken failed', fields: { error: { code: 'keys-unavailable' } } },
      context: { held: 1, error: { code: 'keys-unavailable' } },
    })
    expect(JSON.stringify(steps)).not.toMatch(/S3CRET|internal\.example/)
    actor.stop()
  })

  it('for an error of the browser, by each code that it may have', () => {
    for (const code of ['clerk-no-token', 'answer-cached', 'store-not-shared']) {
      const failure = { code, message: 'S3CRET' }
      expect(toShownFields({ failure, lastFailure: failure })).toEqual({ failure: { code }, lastFailure: { code } })
    }
    for (const code of ['toString', '__proto__', 7]) {
      expect(toShownFields({ failure: { code } })).toEqual({ failure: { code: '[error]' } })
    }
  })

  it('for an allowed name, which is hidden if its value is something else', () => {
    const token = `${'a'.repeat(20)}.${'b'.repeat(20)}.${'c'.repeat(20)}`
    expect(toShownFields({ userId: token, sessionId: 7, attempts: '7', expiresAt: Infinity, timedOut: 1 })).toEqual({
      userId: '[id]',
    })
    expect(
      toShownFields({ status: 'on fire', reason: token, queue: { token }, error: token, view: { claims: { token } } }),
    ).toEqual({ view: {} })
    expect(toShownFields({ token, posted: null, claims: { org_role: 'org:admin', email: 'x' } })).toEqual({
      token: '[token]',
      posted: null,
      orgRole: 'org:admin',
    })
    expect(
      toShownFields({ record: { id: 'internal', status: 'signedIn', userId: 'user_1', seqByTab: { tab: 1 } } }),
    ).toEqual({
      record: { status: 'signedIn', userId: 'user_1' },
    })
    for (const hostile of ['<b>', 'a\nb', 'x'.repeat(129), '\u2028', '']) expect(toShownId(hostile)).toBe('[id]')
  })
})

describe.runIf(findChromium())('only those leave a page', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchBrowser()
  })
  afterAll(() => browser?.close())

  it('for the window of the Stately inspector', async () => {
    const { posted, understood, tokens } = await openStatelyPage(browser)
    expect(new Set(understood)).toEqual(new Set(['@xstate.actor', '@xstate.event', '@xstate.snapshot']))
    const text = posted.join('\n')
    expectClean(text, [...toParts(tokens), ...privateValues], 'postMessage')
    for (const shown of ['user_ada', 'sess_ada', '"[token]"', 'clerk.changed', 'view.received', 'confirmed']) {
      expect(text).toContain(shown)
    }
  })
})
