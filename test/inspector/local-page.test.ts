import { request } from 'node:http'
import { networkInterfaces } from 'node:os'
import { H3, serve } from 'h3'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { createInspector } from '../../adapters/inspector/index.ts'
import type { PageUpdate } from '../../adapters/inspector/local-page.ts'
import { eventually, startServer } from '../h3/harness.ts'
import { openSse } from '../h3/sse-reader.ts'
import { play, startInspected } from './scenario.ts'

afterEach(() => {
  vi.unstubAllEnvs()
})

const paths = ['/auth/inspect', '/auth/inspect/events', '/auth/inspect?key=0', '/auth/inspect/']

/** Sends a request with any `Host` header. */
function ask(url: string, headers: Record<string, string> = {}): Promise<{ status: number; headers: Headers }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { headers, agent: false }, (response) => {
      const all = Object.entries(response.headers).map(([name, value]) => [name, String(value)] as [string, string])
      resolve({ status: response.statusCode ?? 0, headers: new Headers(all) })
      response.destroy()
    })
    outgoing.on('error', reject)
    outgoing.end()
  })
}

describe('the page of the inspector', () => {
  it('does not exist unless an inspector is given, nor for a plain function', async () => {
    for (const inspect of [undefined, () => {}, [() => {}]]) {
      const server = await startServer({ inspect })
      for (const path of paths) expect((await server.send(path)).status, path).toBe(404)
    }
  })

  it('opens once by a key, and then by the cookie that replaced the key', async () => {
    const { inspector, url } = await startInspected()
    const link = inspector.link(`${url}/auth/`)
    expect(link).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/auth\/inspect\?key=[\da-f]{64}$/)

    const first = await ask(link)
    expect(first.status).toBe(303)
    expect(first.headers.get('location')).toBe('inspect')
    const cookie = first.headers.get('set-cookie') ?? ''
    expect(cookie).toMatch(/^authchart-inspect=[\da-f]{64}; HttpOnly; SameSite=Strict$/)
    expect(cookie).not.toContain(new URL(link).searchParams.get('key'))
    expect((await ask(link)).status, 'the key again').toBe(403)

    const sent = { cookie: cookie.split(';')[0]! }
    expect((await ask(`${url}/auth/inspect`, sent)).status).toBe(200)
    expect((await ask(`${url}/auth/inspect/events`, sent)).status).toBe(200)
    expect((await ask(link, sent)).status, 'the used key, with the cookie').toBe(403)
  })

  it('opens with no other key or cookie', async () => {
    const { inspector, url, enter } = await startInspected()
    const key = new URL(inspector.link(`${url}/auth`)).searchParams.get('key')!
    const near = `${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`
    for (const wrong of ['', '0', near, `${key}0`, key.slice(1), key.toUpperCase().replace(/^\d+$/, 'X'), '%00']) {
      expect((await ask(`${url}/auth/inspect?key=${wrong}`)).status, wrong).toBe(403)
    }
    const cookie = await enter()
    for (const wrong of [
      '',
      `authchart-inspect=${key}`,
      `authchart-inspect=${near}`,
      cookie.slice(0, -1),
      `${cookie}0`,
    ]) {
      expect((await ask(`${url}/auth/inspect`, { cookie: wrong })).status, wrong).toBe(403)
      expect((await ask(`${url}/auth/inspect/events`, { cookie: wrong })).status, wrong).toBe(403)
    }
    const other = await startInspected()
    expect((await ask(`${other.url}/auth/inspect`, { cookie })).status, 'the cookie of another server').toBe(403)
    expect((await ask(`${url}/auth/inspect?key=${key}`)).status, 'the key was not spent by all that').toBe(303)
  })

  it('answers only this machine: by its name, without a proxy, and to its own page', async () => {
    const { inspector, url, enter } = await startInspected()
    const cookie = await enter()
    const port = new URL(url).port
    const strangers: Record<string, string>[] = [
      ...[
        'evil.example',
        `evil.example:${port}`,
        'localhost.evil.example',
        '169.254.169.254',
        '10.0.0.1',
        '0.0.0.0',
      ].map((host) => ({ host })),
      ...['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip'].map((name) => ({
        [name]: '127.0.0.1',
      })),
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'cross-site' },
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { referer: 'https://evil.example/' },
    ]
    const link = inspector.link(`${url}/auth`)
    for (const headers of strangers) {
      for (const target of [`${url}/auth/inspect`, `${url}/auth/inspect/events`, link]) {
        const { status, headers: answered } = await ask(target, { cookie, ...headers })
        expect([403, 404], JSON.stringify([target, headers])).toContain(status)
        expect(answered.get('set-cookie')).toBeNull()
        expect(answered.get('access-control-allow-origin')).toBeNull()
      }
    }
    expect((await ask(`${url}/auth/inspect`, { cookie })).status).toBe(200)
    expect((await ask(link)).status, 'no stranger has spent the key').toBe(303)
  })

  it('does not answer another machine that claims to be this one', async () => {
    const { auth, inspector, enter } = await startInspected()
    const app = new H3()
    app.register(auth.plugin)
    const server = serve(app, { port: 0, hostname: '0.0.0.0', silent: true, gracefulShutdown: false })
    await server.ready()
    onTestFinished(() => server.close(true))
    const port = new URL(server.url!).port
    const cookie = await enter(inspector.link(`http://127.0.0.1:${port}/auth`))
    expect(cookie).not.toBe('')
    const host = { host: `localhost:${port}`, cookie }
    expect((await ask(`http://127.0.0.1:${port}/auth/inspect`, host)).status).toBe(200)
    for (const { family, internal, address } of Object.values(networkInterfaces()).flatMap((all) => all ?? [])) {
      const from = family === 'IPv4' && !internal ? address : null
      const { status } = from ? await ask(`http://${from}:${port}/auth/inspect`, host) : { status: 404 }
      expect(status, String(from)).toBe(404)
    }
    // If the runtime gives no peer at all, no request counts as one of this machine.
    const answer = await app.fetch(new Request('http://localhost/auth/inspect', { headers: { cookie } }))
    expect(answer.status).toBe(404)
  })

  it('runs only its own script, cannot be framed, and is not cached', async () => {
    const { url, enter } = await startInspected()
    const response = await fetch(`${url}/auth/inspect`, { headers: { cookie: await enter() } })
    const html = await response.text()
    const policy = response.headers.get('content-security-policy') ?? ''
    const nonce = /script-src 'nonce-([\w-]+)'/.exec(policy)?.[1]
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toMatch(/unsafe|https?:|\*/)
    expect(html.match(/<script[^>]*>/g)).toEqual([`<script type="module" nonce="${nonce}">`])
    expect(html).not.toMatch(/\b(src|href)="(?!data:,)/)
    const again = await fetch(`${url}/auth/inspect`, { headers: { cookie: await enter() } })
    expect(again.headers.get('content-security-policy')).not.toBe(policy)
    const refusal = await fetch(`${url}/auth/inspect`)
    for (const { headers } of [response, refusal]) {
      expect(headers.get('cache-control')).toBe('no-store, no-transform')
      expect(headers.get('x-frame-options')).toBe('DENY')
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('referrer-policy')).toBe('no-referrer')
      expect(headers.get('content-type')).toBe('text/html; charset=utf-8')
    }
  })

  it('gets every session, and the details of the one that it requests', async () => {
    const server = await startInspected()
    const cookie = await server.enter()
    const played = await play(server)
    const channel = (await played.ada.session()).body.channel
    const stream = await openSse(`${server.url}/auth/inspect/events?session=${channel}`, { cookie })
    const { sessions, watched, steps } = (await stream.next())!.data as PageUpdate
    expect(sessions.map(({ machine }) => machine).toSorted()).toEqual(['auth', 'auth', 'auth', 'jwks'])
    expect(sessions.find(({ userId }) => userId === 'user_bob')?.value).toEqual({ signedIn: 'current' })
    expect(sessions.find(({ key }) => key === watched)?.name).toBe(channel)
    const labels = steps.map(({ event }) => event.label)
    for (const label of ['start', 'token.received', 'verifyToken done', 'verifyToken failed', 'session.cleared']) {
      expect(labels).toContain(label)
    }
    expect(steps.find(({ event }) => event.type === 'session.cleared')).toMatchObject({
      value: 'signedOut',
      arrows: ['auth:any -> auth.signedOut'],
    })
    await played.ada.token(server.mint())
    await eventually(() => stream.text().includes('user_a"'), 'the next sign-in')
    stream.close()
  })

  it('sends hostile claims and key ids as data, on one line', async () => {
    const evil = '</script><img src=x onerror=alert(1)>\n\ndata: {"now":0}\u2028'
    const server = await startInspected()
    const ada = server.browser()
    await ada.open()
    await ada.token(server.mint({ sub: evil, sid: evil, o: { id: evil, rol: evil } }))
    const stream = await openSse(`${server.url}/auth/inspect/events`, { cookie: await server.enter() })
    await stream.next()
    expect(stream.text()).toContain('[id]')
    expect(stream.text()).not.toContain('onerror')
    expect(stream.text().match(/^data: /gm)).toHaveLength(1)
    stream.close()
  })
})

describe('an inspector', () => {
  it('does not start in production, so that a deployment with one fails at once', () => {
    vi.stubEnv('NODE_ENV', 'production')
    expect(() => createInspector()).toThrow(/^createInspector: .*NODE_ENV=production/)
  })

  it.each([
    [{ events: 0 }, 'events'],
    [{ sessions: 1.5 }, 'sessions'],
    [{ filter: { user: 'x' } as never }, 'filter'],
    [{ filter: { userId: 1 as never } }, 'filter'],
    [{ now: 5 as never }, 'now'],
  ])('names an option that cannot be used: %j', (options, name) => {
    expect(() => createInspector(options)).toThrow(new RegExp(`^createInspector: ${name} `))
  })

  it('that throws or rejects affects neither the session nor another inspector', async () => {
    const inspector = createInspector()
    const hang = vi.fn<() => Promise<void>>(() => new Promise(() => {}))
    const server = await startServer({
      inspect: [
        () => {
          throw new Error('inspector')
        },
        async () => {
          throw new Error('async inspector')
        },
        hang,
        inspector,
      ],
    })
    const ada = server.browser()
    await ada.open()
    expect((await ada.token(server.mint())).body.isSignedIn).toBe(true)
    expect(hang).toHaveBeenCalled()
    expect(inspector.sessions()[0]?.value).toEqual({ signedIn: 'current' })
    const failures = server.lines.filter(([, code]) => code === 'inspector.failed')
    expect(new Set(failures.map(([, , details]) => (details as { error: Error }).error.message))).toEqual(
      new Set(['inspector', 'async inspector']),
    )
  })
})
