import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { authErrors } from '../../machines/index.ts'

it('docs/errors.md lists every code with its status, whether to retry, and the state it leads to', () => {
  const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')
  const rows = page.split('\n').filter((line) => line.startsWith('| `'))
  const expected = Object.entries(authErrors).map(([code, { status, retryable, state, title }]) => {
    const shown = state === null ? '–' : `\`${state}\``
    return `| \`${code}\` | ${status} | ${retryable ? 'yes' : 'no'} | ${shown} | ${title} |`
  })
  expect(rows).toEqual(expected)
})
