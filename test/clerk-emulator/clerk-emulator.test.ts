import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { H3, toNodeHandler } from 'h3'
import { describe, expect, it } from 'vitest'
import { createClerkEmulator } from '../kit/index.ts'

describe('the server', () => {
  it('is reached by both addresses of localhost, and leaves no socket when closed', async () => {
    const clerk = await createClerkEmulator()
    const port = Number(new URL(clerk.url).port)
    const sockets = ['127.0.0.1', '::1'].map((host) => connect({ host, port }))
    await Promise.all(sockets.map((socket) => once(socket, 'connect')))
    const ends = sockets.map((socket) => once(socket.resume(), 'close'))
    await Promise.all([clerk.close(), clerk.close(), ...ends])
    await expect(fetch(clerk.url)).rejects.toThrow('fetch failed')
    await clerk.close()
  })

  it('takes the port it is given, and says so if that is taken', async () => {
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

  it('serves the installed clerk-js, and no file beside it', async () => {
    const clerk = await createClerkEmulator()
    const script = await fetch(clerk.clerkJSUrl)
    expect(script.headers.get('content-type')).toContain('text/javascript')
    expect((await script.text()).length).toBeGreaterThan(100_000)
    for (const name of ['..%2fpackage.json', 'nothing.js', '.env'])
      expect((await fetch(`${clerk.url}/clerk-js/${name}`)).status).toBe(404)
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

it('names the option that makes no sense', async () => {
  await expect(createClerkEmulator({ listen: false })).rejects.toThrow(/^url /)
  await expect(createClerkEmulator({ url: 'clerk' })).rejects.toThrow(/^url /)
  await expect(createClerkEmulator({ tokenTtl: 0 })).rejects.toThrow(/^tokenTtl /)
  await expect(createClerkEmulator({ frontendApiHost: 'localhost:80' })).rejects.toThrow(/^frontendApiHost /)
})

it('names the user, session or organisation it does not know', async () => {
  const clerk = await createClerkEmulator({ listen: false, url: 'http://localhost:1' })
  expect(() => clerk.createSession('nobody@example.test')).toThrow('knows no user nobody@example.test')
  expect(() => clerk.revokeSession('sess_x')).toThrow('knows no session sess_x')
})
