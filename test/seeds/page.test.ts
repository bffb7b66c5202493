import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const docs = fileURLToPath(new URL('../../docs/', import.meta.url))
const examples = `${docs}examples/from-reflex/`
const read = (path: string) => readFileSync(path, 'utf8')
const page = read(`${docs}from-reflex-clerk-api.md`)

const count = (prefix: string, last: number) => Array.from({ length: last }, (_, index) => `${prefix}${index + 1}`)
const ids = [...count('C', 25), ...count('Y', 8), ...count('D', 2)]

/** Returns the cells of the row with an id. A `|` within code is escaped. */
const toCells = (id: string) =>
  page
    .split('\n')
    .filter((line) => line.startsWith(`| ${id} |`))
    .map((line) => line.split(/(?<!\\)\|/).slice(1, -1))

/** Returns the code blocks of a language without their fences. */
const toFences = (language: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, code = '']) => code)

describe('docs/from-reflex-clerk-api.md', () => {
  it.each(ids)('has %s once, with before, after and what is better', (id) => {
    const rows = toCells(id)
    expect(rows).toHaveLength(1)
    expect(rows[0]).toHaveLength(4)
    for (const cell of rows[0] ?? []) expect(cell.trim()).not.toBe('')
  })

  it('has no row that is not on the list', () => {
    const named = [...page.matchAll(/^\| ([A-Z]\d+) \|/gm)].map(([, id = '']) => id)
    expect(named.filter((id) => !ids.includes(id))).toEqual([])
  })

  it('shows each example as it is type-checked and run, and all of them', () => {
    const shown = new Map(
      [...toFences('ts'), ...toFences('tsx')].map((code) => {
        const [, name = '', text = ''] = /^\/\/ (\S+)\n(.*)$/s.exec(code) ?? []
        return [name, text]
      }),
    )
    expect([...shown.keys()].toSorted()).toEqual(readdirSync(examples).toSorted())
    for (const [name, text] of shown) expect(text, name).toBe(read(examples + name))
  })

  it('has a snippet of before for every section of after', () => {
    const sections = page.split(/^## /m).filter((section) => /^```tsx?$/m.test(section))
    expect(sections.length).toBeGreaterThan(5)
    for (const section of sections) expect(section).toMatch(/^```python$/m)
  })

  it('D2 links to pages that exist, and README and pages cover what the original’s did', () => {
    for (const file of ['README.md', ...readdirSync(docs).filter((name) => name.endsWith('.md'))]) {
      const path = file === 'README.md' ? `${docs}../README.md` : docs + file
      for (const [, link = ''] of read(path).matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
        const target = fileURLToPath(new URL(link, `file://${path}`))
        expect(existsSync(target), `${file}: ${link}`).toBe(true)
      }
    }
    const readme = read(`${docs}../README.md`)
    for (const part of ['npm ci && npm start', '## Install', '## The server', '## The browser', '## Promises']) {
      expect(readme).toContain(part)
    }
    for (const name of ['server', 'client', 'protocol', 'errors', 'testing']) expect(page).toContain(`(${name}.md)`)
  })
})

it('every row of the list has a test that begins with its id', () => {
  const folder = fileURLToPath(new URL('.', import.meta.url))
  const sources = readdirSync(folder)
    .filter((name) => /\.test\.tsx?$/.test(name))
    .map((name) => read(folder + name))
  const titled = new Set(sources.flatMap((source) => [...source.matchAll(/['"`]([CYD]\d+) /g)].map(([, id]) => id)))
  expect(ids.filter((id) => !titled.has(id))).toEqual([])
})
