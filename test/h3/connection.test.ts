import { describe, expect, it } from 'vitest'
import { startServer, type TestServer } from './harness.ts'

const app = 'https://app.example.com'

async function ask(server: TestServer, path: string, headers: Record<string, string> = {}) {
  const answer = await server.sendExactly({ method: 'GET', path, headers })
  answer.body.destroy()
  return { status: answer.status, headers: answer.headers, label: answer.headers['authchart-connection'] }
}

describe.each(['/auth/events', '/auth/session'])('GET %s', (path) => {
  it('answers with the label of the request, and without one if the request has none', async () => {
    const server = await startServer()
    expect(await ask(server, `${path}?connection=1-2-3`)).toMatchObject({ status: 200, label: '1-2-3' })
    expect(await ask(server, `${path}?tab=t1&connection=${'x'.repeat(64)}`)).toMatchObject({ label: 'x'.repeat(64) })
    expect(await ask(server, path)).toMatchObject({ status: 200, label: undefined })
  })

  it('sends the label with a refusal too', async () => {
    const server = await startServer()
    expect(await ask(server, `${path}?channel=node.lost&connection=1-2-3`)).toMatchObject({
      status: 400,
      label: '1-2-3',
    })
  })

  it.each([
    ['an empty one', ''],
    ['a long one', 'x'.repeat(65)],
    ['a line break', 'a%0d%0aset-cookie:%20authchart=evil'],
    ['a line feed', 'a%0ab'],
    ['a null byte', 'a%00'],
    ['markup', '%3Cscript%3E'],
    ['a letter outside ASCII', '%C3%A4'],
    ['half an escape', '%'],
  ])('ignores %s', async (_, connection) => {
    const server = await startServer()
    const { status, label, headers } = await ask(server, `${path}?connection=${connection}`)
    expect({ status, label }).toEqual({ status: 200, label: undefined })
    expect(JSON.stringify(headers)).not.toContain('evil')
  })

  it('lets the page of a listed origin read it', async () => {
    const server = await startServer({ allowedOrigins: [app] })
    const { headers, label } = await ask(server, `${path}?connection=1-2-3`, { origin: app })
    expect(label).toBe('1-2-3')
    expect(headers['access-control-expose-headers']).toMatch(/\bauthchart-connection\b/)
  })
})

it('POST /auth/events answers with the label too, so that a client learns that the server sends labels', async () => {
  const server = await startServer()
  const answer = await server.sendExactly({
    method: 'POST',
    path: '/auth/events?connection=1-2-3',
    headers: { 'content-type': 'application/json', authorization: 'Bearer x' },
    body: JSON.stringify({ type: 'session.cleared' }),
  })
  answer.body.destroy()
  expect(answer.headers['authchart-connection']).toBe('1-2-3')
})
