import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readCookie } from '../../adapters/h3/request-cookies.ts'
import { trimBlanks } from '../../adapters/h3/trim-blanks.ts'
import { startServer } from './harness.ts'
import { sendRawRequest } from './raw-request.ts'

/** The Latin-1 blanks that `String.prototype.trim` removes, and other bytes that do not belong to a cookie's name. */
const bytes = ['\xA0', '\x0B', '\x0C', '\x85', '\xAD', '\x01']

describe('the Cookie header', () => {
  async function startSignedIn() {
    const server = await startServer()
    const browser = server.browser()
    await browser.token(server.mint())
    const { host } = new URL(server.url)
    /** Tells if a request with these bytes as its `Cookie` is signed in. Null if Node's parser refuses them. */
    async function isSignedIn(cookie: string): Promise<boolean | null> {
      const lines = [`Host: ${host}`, `Cookie: ${cookie}`]
      const { status, text } = await sendRawRequest(`${server.url}/auth/session`, { lines })
      return status === 200 ? text.includes('"isSignedIn":true') : null
    }
    const [name, value] = (browser.cookie ?? '').split('=') as [string, string]
    return { isSignedIn, name, value }
  }

  it.each(bytes)('does not take a cookie for the session whose name has the byte %j beside it', async (byte) => {
    const { isSignedIn, name, value } = await startSignedIn()
    expect(await isSignedIn(`${name}=${value}`)).toBe(true)
    for (const cookie of [`${byte}${name}=${value}`, `a=b; ${byte}${name}=${value}`, `${name}${byte}=${value}`]) {
      expect(await isSignedIn(cookie)).not.toBe(true)
    }
  })

  it.each(bytes)('does not take a value for the session that has the byte %j beside it', async (byte) => {
    const { isSignedIn, name, value } = await startSignedIn()
    for (const cookie of [`${name}=${byte}${value}`, `${name}=${value}${byte}; a=b`]) {
      expect(await isSignedIn(cookie)).not.toBe(true)
    }
  })

  it.each([' ', '\t', ' \t ', ''])('may have spaces and tabs between its parts: %j', async (blank) => {
    const { isSignedIn, name, value } = await startSignedIn()
    expect(await isSignedIn(`a=b;${blank}${name}${blank}=${blank}${value}${blank};c=d`)).toBe(true)
  })
})

describe('readCookie', () => {
  /** The same by splitting the whole header. */
  const readBySplitting = (header: string) =>
    header
      .split(';')
      .map((pair) => pair.split(/=(.*)/s).map(trimBlanks))
      .flatMap(([name, value]) => (name === 'sid' && value !== undefined ? [value] : []))
      .slice(0, 4)

  it('reads any header as if it were split at every semicolon', () => {
    const parts = fc.constantFrom('sid', 'sid=', ';', '; ', '=', ' ', '\t', '\xA0', 'a', 'si', 'd')
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 30 }), (chosen) => {
        const header = chosen.join('')
        expect(readCookie(header, 'sid')).toEqual(readBySplitting(header))
      }),
      { numRuns: 2_000 },
    )
  })

  it('reads none without a header', () => {
    expect(readCookie(null, 'sid')).toEqual([])
  })
})
