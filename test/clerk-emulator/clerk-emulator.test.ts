import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { H3, toNodeHandler } from 'h3'
import { describe, expect, it } from 'vitest'
import { createClerkEmulator } from '../kit/index.ts'

describe('the server', () => {
  it('is reached at both addresses of localhost, and leaves no socket open when closed', async () => {
    const clerk = await createClerkEmulator()
    const port = Number(new URL(clerk.url).port)
    const sockets = ['127.0.0.1', '::1'].map((host) => connect({ host, port }))
    await Promise.all(sockets.map((socket) => once(socket, 'connect')))
    const ends = sockets.map((socket) => once(socket.resume(), 'close'))
    await Promise.all([clerk.close(), clerk.close(), ...ends])
    await expect(fetch(clerk.url)).rejects.toThrow('fetch failed')
    await clerk.close()
  })

  it('uses the port that it is given, and says so if that is taken', async () => {
    const blocker = createServer().listen(0, '127.0.0.1')
    await once(blocker, 'listening')
    const { port } = blocker.address() as AddressInfo
    await expect(createClerkEmulator({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    blocker.close()
    await once(blocker, 'close')
    const clerk = await createClerkEmulator({ port })
    expect(clerk.url).toBe(`http://localhost:${port}`)
    await clerk.close()
  })

  it('serves the installed scripts of Clerk to pages of any origin, and no other file beside them', async () => {
    const clerk = await createClerkEmulator()
    const { __internal_clerkJSUrl, __internal_clerkUIUrl } = clerk.providerProps
    for (const [url, version] of [
      [clerk.clerkJSUrl, /"5\.\d+\.\d+"/],
      [__internal_clerkJSUrl, /"6\.\d+\.\d+"/],
      [__internal_clerkUIUrl, /"1\.\d+\.\d+"/],
    ] as const) {
      const script = await fetch(url)
      expect(script.headers.get('content-type')).toContain('text/javascript')
      expect(script.headers.get('access-control-allow-origin')).toBe('*')
      expect(await script.text()).toMatch(version)
    }
    for (const name of ['..%2fpackage.json', 'nothing.js', '.env', '../package.json'])
      expect((await fetch(new URL(name, clerk.clerkJSUrl))).status).toBe(404)
    for (const name of ['@clerk/backend@3/dist/index.js', '@clerk/clerk-js/dist/clerk.browser.js'])
      expect((await fetch(`${clerk.frontendApiUrl}/npm/${name}`)).status).toBe(404)
    await clerk.close()
  })

  it('names the package of a script that is not installed, where the page can read it', async () => {
    const clerk = await createClerkEmulator()
    const answer = await fetch(`${clerk.frontendApiUrl}/npm/@clerk/clerk-js@4/dist/clerk.browser.js`)
    expect(answer.status).toBe(404)
    expect(answer.headers.get('access-control-allow-origin')).toBe('*')
    expect(await answer.text()).toContain('install @clerk/clerk-js@4')
    await clerk.close()
  })
})

it('works mounted under a path of another server', async () => {
  const server = createServer().listen(0, 'localhost')
  await once(server, 'listening')
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`
  const clerk = await createClerkEmulator({ listen: false, url: `${origin}/clerk` })
  const app = new H3().get('/', () => 'the app').mount('/clerk', clerk.app)
  server.on('request', toNodeHandler(app))

  expect(await (await fetch(origin)).text()).toBe('the app')
  const authorization = `Bearer ${clerk.secretKey}`
  const keys = await fetch(`${clerk.apiUrl}/v1/jwks`, { headers: { authorization } })
  expect(await keys.json()).toEqual(clerk.jwks())
  expect((await fetch(clerk.clerkJSUrl)).status).toBe(200)
  expect((await fetch(`${clerk.frontendApiUrl}/v1/environment?_method=PATCH`, { method: 'POST' })).status).toBe(200)
  clerk.addFault({ path: '/v1/jwks', drop: true })
  await expect(fetch(`${clerk.apiUrl}/v1/jwks`)).rejects.toThrow('fetch failed')
  await clerk.close()
  server.closeAllConnections()
  server.close()
})

it('names the option that it cannot use', async () => {
  await expect(createClerkEmulator({ listen: false })).rejects.toThrow(/^url /)
  await expect(createClerkEmulator({ url: 'clerk' })).rejects.toThrow(/^url /)
  await expect(createClerkEmulator({ tokenTtl: 0 })).rejects.toThrow(/^tokenTtl /)
  await expect(createClerkEmulator({ frontendApiHost: 'localhost:80' })).rejects.toThrow(/^frontendApiHost /)
})

it('names the user, session or organisation that it does not know', async () => {
  const clerk = await createClerkEmulator({ listen: false, url: 'http://localhost:1' })
  expect(() => clerk.createSession('nobody@example.test')).toThrow('knows no user nobody@example.test')
  expect(() => clerk.revokeSession('sess_x')).toThrow('knows no session sess_x')
})
