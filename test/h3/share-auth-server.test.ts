import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createAuthServer, shareAuthServer, type AuthServer } from '../../adapters/h3/index.ts'
import { signer } from './harness.ts'

const claims = { issuer: 'https://clerk.example.test' }
const logger = { warn() {} }

function create(): AuthServer {
  const auth = createAuthServer({ keys: { jwks: signer.jwks }, clerk: {}, claims, logger })
  onTestFinished(() => auth.close({ timeout: 0 }))
  return auth
}

/** Loads another instance of the module in this process, as a bundler makes one for each bundle. */
async function loadAgain() {
  vi.resetModules()
  return import('../../adapters/h3/index.ts')
}

async function signIn(auth: AuthServer) {
  const answer = await auth.fetch(
    new Request('http://localhost/auth/events', {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: 'http://localhost' },
      body: JSON.stringify({ type: 'token.received', token: signer.mint({ iss: claims.issuer }) }),
    }),
  )
  return answer?.headers.get('set-cookie')?.split(';')[0] ?? ''
}

describe('shareAuthServer', () => {
  it('gives two instances of a module one server, with its sessions', async () => {
    const other = await loadAgain()
    expect(other.shareAuthServer).not.toBe(shareAuthServer)
    const forHandlers = shareAuthServer('two', create)
    const forPages = other.shareAuthServer('two', () => {
      throw new Error('there is one already')
    })
    onTestFinished(() => forHandlers.close({ timeout: 0 }))
    expect(forPages).toBe(forHandlers)
    const cookie = await signIn(forHandlers)
    expect((await forPages.session({ headers: { cookie } })).userId).toBe('user_a')
  })

  it('keeps servers of other names apart', async () => {
    const one = shareAuthServer('one', create)
    const another = shareAuthServer('another', create)
    onTestFinished(() => one.close({ timeout: 0 }))
    onTestFinished(() => another.close({ timeout: 0 }))
    const cookie = await signIn(one)
    expect((await another.session({ headers: { cookie } })).state).toBe('unchecked')
  })

  it('makes a new one after it was closed, and keeps none that failed', async () => {
    const first = shareAuthServer('closed', create)
    await first.close({ timeout: 0 })
    const fail = () => {
      throw new TypeError('createAuthServer: basePath must be a path such as /auth')
    }
    expect(() => shareAuthServer('closed', fail)).toThrow('basePath')
    const second = shareAuthServer('closed', create)
    onTestFinished(() => second.close({ timeout: 0 }))
    expect(second).not.toBe(first)
    // Closing the first one again does not affect the second.
    await first.close({ timeout: 0 })
    expect(shareAuthServer('closed', create)).toBe(second)
  })

  it('throws a TypeError that says what it takes', () => {
    expect(() => shareAuthServer('', create)).toThrow(new TypeError('shareAuthServer: key must be a name, such as app'))
    expect(() => shareAuthServer('x', create() as never)).toThrow(
      new TypeError('shareAuthServer: create must be a function'),
    )
  })
})
