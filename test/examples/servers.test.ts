import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { freePort } from '../free-port.ts'
import { openSse } from '../h3/sse-reader.ts'
import { createClerkEmulator } from '../kit/index.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Starts an example as its page says, and waits for the line with its address. */
async function startExample(name: string) {
  const port = await freePort()
  const origin = `http://localhost:${port}`
  const clerk = await createClerkEmulator({ users: [{ id: 'user_ada', email: 'ada@example.test' }], appOrigin: origin })
  onTestFinished(() => clerk.close())
  const child = spawn(process.execPath, ['--import', 'tsx', `docs/examples/${name}/server.ts`], {
    cwd: root,
    env: {
      ...process.env,
      PORT: String(port),
      CLERK_SECRET_KEY: clerk.secretKey,
      CLERK_PUBLISHABLE_KEY: clerk.publishableKey,
      CLERK_API_URL: clerk.apiUrl,
      // This resolves the package's public names to its sources.
      TSX_TSCONFIG_PATH: 'test/tsconfig.json',
    },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const errors: string[] = []
  child.stderr.on('data', (data: Buffer) => errors.push(data.toString()))
  const [url] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  expect(url).toBe(origin)
  const session = clerk.createSession('user_ada')
  let cookie = ''
  async function send(path: string, body?: object) {
    const init = body && { method: 'POST', body: JSON.stringify(body) }
    const headers = { cookie, origin, 'content-type': 'application/json' }
    const answer = await fetch(`${origin}${path}`, { ...init, headers })
    cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? cookie
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
  }
  return {
    send,
    mint: () => clerk.mintToken({ session }),
    async open() {
      const stream = await openSse(`${origin}/auth/events`, { cookie })
      cookie = stream.headers['set-cookie']?.[0]?.split(';')[0] ?? cookie
      return stream
    },
    async end() {
      child.kill('SIGTERM')
      const [code] = (await once(child, 'exit')) as [number]
      return { code, errors: errors.join('') }
    },
  }
}

describe.each(['express', 'fastify', 'hono'])('docs/examples/%s', (name) => {
  it('signs in, streams, renews, guards its route, signs out and ends', async () => {
    const server = await startExample(name)
    const anonymous = await server.open()
    expect(await anonymous.view()).toMatchObject({ state: 'unchecked' })
    const refused = await server.send('/api/me')
    expect([refused.status, refused.body['code']]).toEqual([401, 'not-signed-in'])

    const signedIn = await server.send('/auth/events', { type: 'token.received', token: server.mint() })
    expect(signedIn.body['userId']).toBe('user_ada')
    // The sign-in has given the browser another cookie, so it opens its stream again.
    anonymous.close()
    const stream = await server.open()
    const { rev } = await stream.viewWhere(({ isSignedIn }) => isSignedIn)
    expect(await server.send('/api/me')).toEqual({ status: 200, body: { userId: 'user_ada', orgId: null } })

    await server.send('/auth/events', { type: 'token.received', token: server.mint() })
    await stream.viewWhere((view) => view.isSignedIn && view.rev > rev)
    await server.send('/auth/events', { type: 'session.cleared' })
    await stream.viewWhere(({ state }) => state === 'signedOut')
    expect((await server.send('/api/me')).status).toBe(401)

    const ended = server.end()
    await stream.ended
    expect(stream.text()).toContain('event: bye')
    expect(await ended).toEqual({ code: 0, errors: '' })
  })
})
