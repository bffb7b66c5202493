import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { nodeMajors } from '../tarball/supported.ts'
import { root } from './packed-files.ts'

const read = (path: string) => readFileSync(join(root, path), 'utf8')
const { version, engines }: { version: string; engines: { node: string } } = JSON.parse(read('package.json'))

it('has the same version in package.json, in the lock and in the README', () => {
  const lock: { version: string; packages: Record<string, { version: string }> } = JSON.parse(read('package-lock.json'))
  expect([lock.version, lock.packages['']?.version]).toEqual([version, version])
  const pages = [read('README.md'), read('docs/getting-started.md')]
  const named = pages.map((page) => /authchart-(\d+\.\d+\.\d+)\.tgz/.exec(page)?.[1])
  expect(named).toEqual([version, version])
})

it('has a changelog that begins with what is unreleased, and then with the version of package.json', () => {
  const headings = [...read('CHANGELOG.md').matchAll(/^## \[([^\]]+)\](?: - (\d{4}-\d\d-\d\d))?$/gm)]
  expect(headings.map(([, name]) => name).slice(0, 2)).toEqual(['Unreleased', version])
  expect(headings.slice(1).map(([, , day]) => day)).not.toContain(undefined)
})

it('promises the Node from which on the tarball is tried', () => {
  expect(engines.node.startsWith(`>=${nodeMajors[0]}.`)).toBe(true)
})
