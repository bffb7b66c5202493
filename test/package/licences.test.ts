import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { root } from './packed-files.ts'

const read = (path: string) => readFileSync(join(root, path), 'utf8')
const manifest: {
  dependencies?: Record<string, string>
  peerDependencies: Record<string, string>
  devDependencies: Record<string, string>
} = JSON.parse(read('package.json'))

/** The licences that allow an app to be shipped with the package without conditions on the app. */
const permissive = new Set(['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT'])

/** The rows of the table of docs/package.md: name, range and licence. */
const rows = [...read('docs/package.md').matchAll(/^\| `([@\w/-]+)` \| `([^`]+)` \| ([\w.-]+) \|/gm)].map(
  ([, name = '', range = '', licence = '']) => ({ name, range, licence }),
)

it('has no dependencies, so that a user installs only the peers of the entry points in use', () => {
  expect(manifest.dependencies ?? {}).toEqual({})
})

it('lists every peer with its range', () => {
  const peers = Object.entries(manifest.peerDependencies).map(([name, range]) => ({ name, range }))
  expect(rows.map(({ name, range }) => ({ name, range: range.replaceAll('\\|', '|') }))).toEqual(peers)
})

it('lists each peer with the licence that its package names, which is a permissive one', () => {
  const installed = rows.filter(({ name }) => name in manifest.devDependencies)
  expect(installed.length).toBe(rows.length - 1)
  for (const { name, licence } of installed) {
    const { license }: { license: string } = JSON.parse(read(`node_modules/${name}/package.json`))
    expect(licence, name).toBe(license)
  }
  expect(rows.filter(({ licence }) => !permissive.has(licence))).toEqual([])
})
