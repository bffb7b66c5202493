import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const folder = new URL('../../react/', import.meta.url)
const entries = ['index.ts', 'clerk/index.ts', 'clerk-react/index.ts']

// React Server Components take an export of such a file as a reference, so that a page of the server can render it.
it.each(entries)("everything that react/%s exports is of a file that begins with 'use client'", (entry) => {
  const url = new URL(entry, folder)
  const files = [...readFileSync(url, 'utf8').matchAll(/^export \{[^}]+\} from '(\.\/[^']+)'/gm)].map(
    ([, file = '']) => file,
  )
  expect(files.length).toBeGreaterThan(0)
  for (const file of files) expect(readFileSync(new URL(file, url), 'utf8'), file).toMatch(/^'use client'\n/)
})
