import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const { devDependencies }: { devDependencies: Record<string, string> } = JSON.parse(
  readFileSync(`${root}package.json`, 'utf8'),
)
const pages = [
  'README.md',
  ...readdirSync(`${root}docs`)
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]

/** Tells if `6` or `1.34` is a version that the range of package.json asks for: `^6.40.0`, or `~1.34.0`. */
const isTested = (named: string, range: string) =>
  named.split('.').length === (range.startsWith('~') ? 2 : 1) && range.slice(1).startsWith(`${named}.`)

it('the pages install the versions of Clerk that the tests use', () => {
  const named = pages.flatMap((page) =>
    [...readFileSync(root + page, 'utf8').matchAll(/(@clerk\/(?:clerk-js|ui))@([\d.]+)(?=[\s`])/g)].map(
      ([, name = '', version = '']) => ({ page, name, version }),
    ),
  )
  expect(named.length).toBeGreaterThan(4)
  const others = { '@clerk/clerk-js': devDependencies['clerk-js-5']!.split('@').at(-1)! } as Record<string, string>
  const wrong = named.filter(
    ({ name, version }) => ![devDependencies[name], others[name]].some((range) => range && isTested(version, range)),
  )
  expect(wrong).toEqual([])
  expect(isTested('1', '~1.34.0')).toBe(false)
})
