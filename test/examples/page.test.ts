import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { authReasons, authErrors } from '../../machines/index.ts'

const docs = fileURLToPath(new URL('../../docs/', import.meta.url))
const page = readFileSync(`${docs}embedding.md`, 'utf8')
const environments = readFileSync(`${docs}environments.md`, 'utf8')
const frameworks = readFileSync(`${docs}frameworks.md`, 'utf8')
const store = readFileSync(`${docs}store.md`, 'utf8')
const examples = readFileSync(`${docs}examples.md`, 'utf8')
const gettingStarted = readFileSync(`${docs}getting-started.md`, 'utf8')
/** Another page shows the first. The second is what the examples share, and the page links to it. */
const isElsewhere = (path: string) => path.startsWith('from-reflex/') || path.startsWith('shared/')

describe('the pages that show the examples', () => {
  it('show each example as it is type-checked and run, and all of them', () => {
    const shown = new Map(
      [
        ...[page, environments, frameworks, store, examples, gettingStarted]
          .join('\n')
          .matchAll(/^```\w+\n\/\/ (\S+\/\S+)\n(.*?)^```$/gms),
      ].map(([, path = '', text = '']) => [path, text]),
    )
    const files = readdirSync(`${docs}examples`, { recursive: true, encoding: 'utf8' }).filter((path) =>
      /\.tsx?$/.test(path),
    )
    // Some pages also show files of a reader's own project.
    for (const path of shown.keys()) if (!existsSync(`${docs}examples/${path.split('/')[0]}`)) shown.delete(path)
    // An example with packages of its own has files that its framework asks for, and the page leaves those out.
    const isWhole = (path: string) => !existsSync(`${docs}examples/${path.split('/')[0]}/package.json`)
    expect([...shown.keys()].filter(isWhole).toSorted()).toEqual(
      files.filter((path) => !isElsewhere(path) && isWhole(path)).toSorted(),
    )
    for (const [path, text] of shown) expect(text, path).toBe(readFileSync(`${docs}examples/${path}`, 'utf8'))
  })

  it.each([
    ['embedding.md', page],
    ['environments.md', environments],
    ['frameworks.md', frameworks],
    ['store.md', store],
    ['examples.md', examples],
  ])('%s links to files and headings that are there', (name, page) => {
    const toAnchor = (heading: string) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w\s-]/g, '')
        .replaceAll(' ', '-')
    for (const [, file = '', anchor] of page.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)) {
      const path = file ? docs + file : `${docs}${name}`
      expect(existsSync(path), file).toBe(true)
      if (!anchor) continue
      const headings = [...readFileSync(path, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
        toAnchor(heading),
      )
      expect(headings, `${file}#${anchor}`).toContain(anchor)
    }
  })

  it('names every reason code that is no error code', () => {
    const own = authReasons.filter((code) => !Object.hasOwn(authErrors, code))
    expect(page).toContain(`\`${own.join(' ')}\``)
  })
})
