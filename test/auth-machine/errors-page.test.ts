import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { authErrors, type AuthErrorCode, type SyncErrorCode } from '../../machines/index.ts'
import { toRemedy } from '../../machines/remedies.ts'

/** The codes that only the browser has. Asking again may help against all of them. */
const ofBrowser: Record<Exclude<SyncErrorCode, AuthErrorCode>, string> = {
  'clerk-no-token': 'Clerk gave no token, though it says that somebody is signed in',
  'clerk-timeout': "Clerk's `getToken` did not settle in time",
  'network-failed': 'The server was not reached, the connection broke, or it fell silent',
  'answer-malformed': 'Something else than authchart answered',
  'answer-cached': 'A cache or a service worker answered in place of the server',
  'store-not-shared': 'Two nodes of the server do not share their sessions',
  'client-not-loaded': 'The browser could not load the file with the code that `start()` needs',
}

it('docs/errors.md lists every code with its status, whether to retry, the state it leads to, and what helps', () => {
  const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')
  const rows = page.split('\n').filter((line) => line.startsWith('| `'))
  const expected = Object.entries(authErrors).map(([code, { status, retryable, state, title }]) => {
    const shown = state === null ? '–' : `\`${state}\``
    const remedy = toRemedy({ code: code as AuthErrorCode, retryable })
    return `| \`${code}\` | ${status} | ${retryable ? 'yes' : 'no'} | ${shown} | ${title} | ${remedy} |`
  })
  const browsers = Object.entries(ofBrowser).map(([code, meaning]) => {
    const retryable = code !== 'store-not-shared'
    const remedy = toRemedy({ code: code as SyncErrorCode, retryable })
    return `| \`${code}\` | ${meaning} | ${remedy} |`
  })
  expect(rows).toEqual([...expected, ...browsers])
})

it('every remedy is one or two sentences, and the one for a refused token says where to look', () => {
  for (const code of Object.keys({ ...authErrors, ...ofBrowser }) as SyncErrorCode[])
    for (const retryable of [true, false]) expect(toRemedy({ code, retryable }), code).toMatch(/^[A-Z].{8,110}\.$/)
  expect(toRemedy({ code: 'token-claims', retryable: false })).toContain('authorizedParties')
})
