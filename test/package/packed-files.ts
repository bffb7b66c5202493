import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

export const root = fileURLToPath(new URL('../../', import.meta.url))

/** Lists the files that `npm publish` would send, from the build that is there. */
export async function listPackedFiles(): Promise<string[]> {
  const { stdout } = await promisify(execFile)('npm', ['pack', '--dry-run', '--ignore-scripts', '--json'], {
    cwd: root,
  })
  const [{ files }]: [{ files: { path: string }[] }] = JSON.parse(stdout)
  return files.map(({ path }) => path).toSorted()
}

/** Describes what a tarball holds: the files of `dist` by folder and extension, and the others by name. */
export function summarize(files: readonly string[]): string[] {
  return [
    ...new Set(files.map((file) => (file.startsWith('dist/') ? `${dirname(file)}/*${toExtension(file)}` : file))),
  ].toSorted()
}

const toExtension = (file: string) => /(?:\.d)?\.\w+(?:\.map)?$/.exec(file)?.[0] ?? ''

/** @returns the files of `dist` that no source file of the package gives, such as the leftovers of an earlier build */
export function findForeign(files: readonly string[], isThere: (path: string) => boolean): string[] {
  return files
    .filter((file) => file.startsWith('dist/'))
    .filter((file) => {
      const source = file.slice('dist/'.length).replace(/(?:\.d\.ts|\.js)(?:\.map)?$/, '')
      return !isThere(`${source}.ts`) && !isThere(`${source}.tsx`)
    })
}

const importPattern = /(?:\bfrom |\bimport\(|^import )['"](\.[^'"]+)['"]/gm

/** @returns the files that a module of the package or a declaration imports, by their paths from the root */
export const readImports = (file: string): string[] =>
  [...readFileSync(join(root, file), 'utf8').matchAll(importPattern)].map(([, path = '']) =>
    normalize(join(dirname(file), path)).replace(/\.tsx?$/, '.js'),
  )

/** @returns the modules that have code and that no entry point loads */
export function findUnreached(files: readonly string[], entries: readonly string[]): string[] {
  const reached = new Set(entries)
  for (const file of reached) if (file.endsWith('.js')) for (const target of readImports(file)) reached.add(target)
  return files.filter(
    (file) => file.endsWith('.js') && !reached.has(file) && readFileSync(join(root, file), 'utf8') !== 'export {};\n',
  )
}

/** @returns what is wrong with the source maps: a map, or a source of one, that is neither packed nor in the map */
export function findBrokenMaps(
  files: readonly string[],
  read = (file: string) => readFileSync(join(root, file), 'utf8'),
): string[] {
  const packed = new Set(files)
  return files
    .filter((file) => /\.(?:js|ts)$/.test(file))
    .flatMap((file) => {
      const [, name] = /^\/\/# sourceMappingURL=(\S+)$/m.exec(read(file)) ?? []
      if (name === undefined) return []
      const map = join(dirname(file), name)
      if (!packed.has(map)) return [`${file} names ${name}, which is not packed`]
      const { sources, sourcesContent = [] }: { sources: string[]; sourcesContent?: unknown[] } = JSON.parse(read(map))
      return sources
        .filter((source, index) => !sourcesContent[index] && !packed.has(normalize(join(dirname(map), source))))
        .map((source) => `${map} names ${source}, which is not packed`)
    })
}
