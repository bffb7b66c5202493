import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createClerkEmulator, type ClerkEmulator } from '../kit/index.ts'

let clerk: ClerkEmulator
const jwks = (signal?: AbortSignal) =>
  fetch(`${clerk.apiUrl}/v1/jwks`, { headers: { authorization: `Bearer ${clerk.secretKey}` }, signal })

beforeEach(async () => {
  clerk = await createClerkEmulator()
})
afterEach(() => clerk.close())

describe('faults', () => {
  it('apply exactly as often as set', async () => {
    clerk.addFault({ path: '/v1/jwks', status: 503, headers: { 'retry-after': '3' }, times: 2 })
    const first = await jwks()
    expect(first.headers.get('retry-after')).toBe('3')
    expect(await first.json()).toMatchObject({ errors: [{ code: 'emulated_fault' }] })
    expect([first.status, (await jwks()).status, (await jwks()).status]).toEqual([503, 503, 200])
  })

  it('apply in order by prefix or expression and by method: the first that matches', async () => {
    clerk.setFaults([
      { path: '/v1/jwks', method: 'POST', status: 500 },
      { path: /\/bapi\/v1\/jwks$/g, status: 429 },
      { path: '/v1/jwks', status: 502 },
    ])
    expect((await jwks()).status).toBe(429)
    expect((await jwks()).status).toBe(429)
    clerk.clearFaults()
    expect((await jwks()).status).toBe(200)
  })

  it('of one path do not affect the others, and can be removed', async () => {
    const remove = clerk.addFault({ path: '/client', status: 500 })
    expect((await jwks()).status).toBe(200)
    expect((await fetch(`${clerk.frontendApiUrl}/v1/client`)).status).toBe(500)
    remove()
    expect((await fetch(`${clerk.frontendApiUrl}/v1/client`)).status).toBe(200)
  })

  it('answer with any body', async () => {
    clerk.addFault({ path: '/v1/jwks', body: '<html>', times: 1 })
    clerk.addFault({ path: '/v1/jwks', body: { keys: [] } })
    expect(await (await jwks()).text()).toBe('<html>')
    expect(await (await jwks()).json()).toEqual({ keys: [] })
  })

  it('delay an answer that is otherwise normal', async () => {
    clerk.addFault({ path: '/v1/jwks', delay: 60 })
    const start = performance.now()
    expect((await jwks()).status).toBe(200)
    expect(performance.now() - start).toBeGreaterThan(55)
  })

  it('cut the connection', async () => {
    clerk.addFault({ path: '/v1/jwks', drop: true, times: 1 })
    await expect(jwks()).rejects.toThrow('fetch failed')
    expect((await jwks()).status).toBe(200)
  })

  it('stall before the head or in the body until the emulator closes', async () => {
    clerk.setFaults([
      { path: '/v1/jwks', stall: 'body', times: 1 },
      { path: '/v1/jwks', stall: 'headers' },
    ])
    const stalled = await jwks()
    expect(stalled.status).toBe(200)
    const body = stalled.text()
    const head = jwks()
    const settled = Promise.allSettled([body, head])
    await expect.poll(() => clerk.requests.length).toBe(2)
    await clerk.close()
    expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  })

  it('must have a valid count', () => {
    expect(() => clerk.addFault({ path: '/', times: 0 })).toThrow(TypeError)
  })
})

it('the request log has method, path, time and status, and nothing secret', async () => {
  await jwks()
  await fetch(`${clerk.frontendApiUrl}/v1/client?__clerk_db_jwt=secret&_method=DELETE`, {
    method: 'POST',
    headers: { cookie: '__client=secret' },
  })
  expect(clerk.requests).toEqual([
    { method: 'GET', path: '/bapi/v1/jwks', time: expect.any(Number), status: 200 },
    { method: 'DELETE', path: '/fapi/v1/client', time: expect.any(Number), status: 200 },
  ])
  expect(JSON.stringify(clerk.requests)).not.toContain('secret')
  clerk.clearRequests()
  expect(clerk.requests).toEqual([])
})
