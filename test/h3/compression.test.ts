import { describe, expect, it } from 'vitest'
import { startServer } from './harness.ts'
import { compressing } from './hosts.ts'

/** The header that browsers send by themselves. */
const accepted = { 'accept-encoding': 'gzip, deflate, br, zstd' }

describe.each(compressing)('in %s', (_, openHost) => {
  it('sends a stream uncompressed, so that each frame arrives at once', async () => {
    const server = await startServer({}, undefined, openHost)
    const browser = server.browser()
    const stream = await browser.open(accepted)
    expect(stream.headers['content-encoding']).toBeUndefined()
    expect(await stream.view()).toMatchObject({ state: 'unchecked' })
    await browser.token(server.mint())
    await stream.viewWhere(({ isSignedIn }) => isSignedIn)
    stream.close()
  })

  it('sends a complete answer to a browser that accepts compression', async () => {
    const server = await startServer({}, undefined, openHost)
    // Node 22 compresses by zstd, but its fetch cannot read it.
    const readable = { 'accept-encoding': 'gzip, deflate, br' }
    const { status, body } = await server.send('/auth/session', { headers: readable })
    expect([status, body.state]).toEqual([200, 'unchecked'])
  })

  it('compresses a page of the host', async () => {
    const server = await startServer({}, undefined, openHost)
    const { headers } = await server.send('/text', { headers: accepted })
    expect(headers.get('content-encoding')).toMatch(/gzip|br|zstd/)
  })
})
