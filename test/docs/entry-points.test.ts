import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readEntryPoints } from '../entry-points.ts'

const read = (path: string) => readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8')

const entryPoints = readEntryPoints()
const names = entryPoints.map(({ name }) => name)

describe('every entry point of package.json', () => {
  it('has a path in test/tsconfig.json, so that tests and examples are checked against its source', () => {
    const { compilerOptions } = JSON.parse(read('test/tsconfig.json')) as {
      compilerOptions: { paths: Record<string, string[]> }
    }
    const paths = Object.entries(compilerOptions.paths).map(([name, [path = '']]) => ({
      name,
      source: path.startsWith('./') ? path.replace('./', 'test/') : path.replace('../', ''),
    }))
    expect(new Set(paths)).toEqual(new Set(entryPoints))
  })

  it('has a row in the README, which says what it is and needs', () => {
    const rows = [...read('README.md').matchAll(/^\| `(authchart[\w/-]*)` \|/gm)].map(([, name]) => name)
    expect(new Set(rows)).toEqual(new Set(names))
  })
})
