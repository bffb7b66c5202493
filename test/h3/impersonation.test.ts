import { describe, expect, it } from 'vitest'
import { startServer } from './harness.ts'

const act = { iss: 'https://dashboard.clerk.com', sub: 'user_agent', sid: 'sess_agent' }

describe('an impersonated session', () => {
  it('shows the agent on the stream and to the server', async () => {
    const server = await startServer({}, (app, auth) => {
      app.get('/who', async (event) => (await auth.session(event)).actor)
      app.get('/claims', async (event) => (await auth.session(event)).claims?.['act'])
    })
    const browser = server.browser()
    const stream = await browser.open()
    const { body } = await browser.token(server.mint({ act }))
    expect(body).toMatchObject({ isSignedIn: true, userId: 'user_a', actor: { sub: 'user_agent' } })
    const shown = await stream.viewWhere(({ isSignedIn }) => isSignedIn)
    expect(shown.actor).toEqual({ sub: 'user_agent' })
    expect((await browser.get('/who')).body).toEqual({ sub: 'user_agent' })
    expect((await browser.get('/claims')).body).toEqual(act)
  })

  it('gives the browser only the sub of the actor if publicClaims omits act', async () => {
    const server = await startServer({ publicClaims: ['sub'] })
    const { body } = await server.browser().token(server.mint({ act }))
    expect(body).toMatchObject({ actor: { sub: 'user_agent' }, claims: { sub: 'user_a' } })
    expect(JSON.stringify(body)).not.toContain('sess_agent')
  })

  it("ends with the sign-out, and the user's own session has no actor", async () => {
    const server = await startServer()
    const browser = server.browser()
    expect((await browser.token(server.mint({ act }))).body.actor).toEqual({ sub: 'user_agent' })
    expect((await browser.clear()).body).toMatchObject({ state: 'signedOut', actor: null })
    expect((await browser.token(server.mint({ sid: 'sess_own' }))).body).toMatchObject({
      isSignedIn: true,
      actor: null,
    })
  })
})
