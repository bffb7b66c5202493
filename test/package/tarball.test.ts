import { existsSync, readFileSync } from 'node:fs'
import { join, normalize } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  findBrokenMaps,
  findForeign,
  findUnreached,
  listPackedFiles,
  readImports,
  root,
  summarize,
} from './packed-files.ts'

const manifest: { exports: Record<string, unknown>; bin?: Record<string, string> } = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
)

/** Reads the paths of the files that `exports` and `bin` of package.json name. */
function toNamedFiles(): string[] {
  const texts = JSON.stringify([manifest.exports, manifest.bin]).match(/(?<=")(?:\.\/)?dist\/[^"]+(?=")/g) ?? []
  return ['package.json', ...texts.map((text) => normalize(text))]
}

describe('the tarball that is published', () => {
  let files: string[]
  const named = toNamedFiles()
  beforeAll(async () => {
    files = await listPackedFiles()
  })

  // `npx vitest run -u --config test/vitest.config.ts test/package/tarball.test.ts` writes the list again.
  it('holds what tarball-contents.txt lists', async () => {
    await expect(`${summarize(files).join('\n')}\n`).toMatchFileSnapshot('tarball-contents.txt')
  })

  it('leaves sources, tests, the demo, the examples and the site out', () => {
    expect(files.length).toBeGreaterThan(400)
    const wrong = files.filter(
      (file) =>
        /^(?:machines|adapters|react|test|docs\/(?:demo|examples|api|\.vitepress))\//.test(file) ||
        (/\.tsx?$/.test(file) && !file.endsWith('.d.ts')) ||
        /\.(?:test|bench)\.|(?:^|\/)\.|package-lock/.test(file),
    )
    expect(wrong).toEqual([])
  })

  it('holds in dist only what a source file of today gives', () => {
    const isThere = (path: string) => existsSync(join(root, path))
    expect(findForeign(files, isThere)).toEqual([])
    expect(findForeign(['dist/machines/index.js', 'dist/machines/gone.d.ts'], isThere)).toEqual([
      'dist/machines/gone.d.ts',
    ])
  })

  it('holds each file that package.json names', () => {
    expect(named.length).toBeGreaterThan(30)
    expect(named.filter((file) => !files.includes(file))).toEqual([])
  })

  it('holds each file that its files import', () => {
    const missing = files
      .filter((file) => /\.(?:js|d\.ts)$/.test(file))
      .flatMap((file) =>
        readImports(file)
          .filter((target) => !files.includes(target))
          .map((target) => `${file} → ${target}`),
      )
    expect(missing).toEqual([])
  })

  it('holds no module that no entry point loads', () => {
    const entries = named.filter((file) => file.endsWith('.js'))
    expect(findUnreached(files, entries)).toEqual([])
    expect(findUnreached(files, ['dist/machines/index.js']).length).toBeGreaterThan(100)
  })

  it('holds no source map that leads nowhere', () => {
    expect(findBrokenMaps(files)).toEqual([])
    const planted: Record<string, string> = {
      'dist/a.js': 'run()\n//# sourceMappingURL=a.js.map\n',
      'dist/b.js': 'run()\n//# sourceMappingURL=b.js.map\n',
      'dist/b.js.map': '{"sources":["../machines/b.ts"]}',
      'dist/c.js': 'run()\n//# sourceMappingURL=c.js.map\n',
      'dist/c.js.map': '{"sources":["../machines/c.ts"],"sourcesContent":["run()"]}',
    }
    expect(findBrokenMaps(Object.keys(planted), (file) => planted[file]!)).toEqual([
      'dist/a.js names a.js.map, which is not packed',
      'dist/b.js.map names ../machines/b.ts, which is not packed',
    ])
  })
})
