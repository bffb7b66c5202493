import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { authErrors } from '../../machines/index.ts'

const read = (name: string) => readFileSync(new URL(`../../docs/${name}.md`, import.meta.url), 'utf8')
const page = read('troubleshooting')
const textsIn = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, found = '']) => found)

/** The codes in the first column of the two tables of errors. */
const codes = new Set(textsIn(read('errors'), /^\| `([a-z-]+)` \|/gm))
const statuses = new Map(Object.entries(authErrors).map(([code, { status }]) => [code, String(status)]))

test('names only error codes that exist, and those with the status that they have', () => {
  const named = textsIn(page, /`([a-z]+(?:-[a-z]+)+)`/g).filter((code) => !code.startsWith('npm-'))
  expect(named.length).toBeGreaterThan(40)
  expect(named.filter((code) => !codes.has(code))).toEqual([])
  for (const [, status, code = ''] of page.matchAll(/\b([45]\d\d) `([a-z-]+)`/g))
    expect(status, code).toBe(statuses.get(code))
})

test('names only codes that the log has', () => {
  const [, table = ''] = read('server').split('\n## The log\n')
  const logged = new Set(textsIn(table.split('\n## ')[0] ?? '', /`([a-z]+(?:\.[\w-]+)+)`/gi))
  const sentences = textsIn(page, /log(?: of a production server)? says ((?:`[\w.-]+`(?: or |, )?)+)/g)
  const named = sentences.flatMap((sentence) => textsIn(sentence, /`([^`]+)`/g))
  expect(named.length).toBeGreaterThan(10)
  expect(named.filter((code) => !logged.has(code))).toEqual([])
})

test('covers every error that a person can meet', () => {
  // The client of this package causes none of these, or another page has them.
  const rare = [
    'body-too-large',
    'internal',
    'media-type',
    'method-not-allowed',
    'request-malformed',
    'token-algorithm',
    'token-malformed',
    'token-too-large',
    'user-load-failed',
  ]
  const missing = [...codes].filter((code) => !page.includes(`\`${code}\``))
  expect(missing.toSorted()).toEqual(rare)
})
