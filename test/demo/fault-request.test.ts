import { createClerkEmulator } from 'authchart/testing'
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { createFaultSwitches, toFaultRequest } from '../../docs/demo/server/fault-switches.ts'

describe('the demo’s fault requests', () => {
  it.each([
    { set: 'skew', to: 120 },
    { set: 'tokenEndpoint', to: 'hanging' },
    { do: 'rotateKeys' },
    { do: 'withholdTokens' },
  ])('accept %j', (body) => {
    expect(toFaultRequest(body)).toEqual(body)
  })

  it.each([
    null,
    'rotateKeys',
    [],
    {},
    { do: 'exit' },
    { set: 'skew', to: 1e9 },
    { set: 'skew' },
    { set: '__proto__', to: 1 },
    { set: 'constructor', to: 1 },
    { set: 'keysEndpoint', to: { status: 500 } },
  ])('refuse %j', (body) => {
    expect(toFaultRequest(body)).toBeNull()
  })
})

describe('the demo’s switches', async () => {
  const emulator = await createClerkEmulator({ users: [{ email: 'ada@example.test', password: 'x' }] })
  afterAll(() => emulator.close())
  const switches = createFaultSwitches(emulator)
  const fetchKeys = () =>
    fetch(`${emulator.apiUrl}/v1/jwks`, { headers: { authorization: `Bearer ${emulator.secretKey}` } })

  it('take the keys endpoint down and bring it back', async () => {
    expect((await fetchKeys()).status).toBe(200)
    switches.set({ keysEndpoint: 'down' })
    expect((await fetchKeys()).status).toBe(503)
    switches.set({ keysEndpoint: 'up' })
    expect((await fetchKeys()).status).toBe(200)
  })

  it('repair the token endpoint after an expiry, unless its switch was moved', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    switches.withholdTokens(18_000)
    vi.advanceTimersByTime(17_999)
    expect(switches.state.tokenEndpoint).toBe('failing')
    vi.advanceTimersByTime(1)
    expect(switches.state.tokenEndpoint).toBe('up')

    switches.withholdTokens(18_000)
    switches.set({ tokenEndpoint: 'hanging' })
    vi.advanceTimersByTime(18_000)
    expect(switches.state.tokenEndpoint).toBe('hanging')
    switches.set({ tokenEndpoint: 'up' })
  })

  it("change Clerk's clock and the life of its tokens", () => {
    switches.set({ skew: 120, tokenLifetime: 30 })
    const token = emulator.mintToken({ session: emulator.createSession('ada@example.test') })
    const claims = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as { iat: number; exp: number }
    expect(claims.exp - claims.iat).toBe(30)
    expect(Math.abs(claims.iat - Date.now() / 1_000 - 120)).toBeLessThan(5)
    expect(switches.state).toMatchObject({ keysEndpoint: 'up', skew: 120, tokenLifetime: 30 })
  })
})
