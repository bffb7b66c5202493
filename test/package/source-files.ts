import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Every source file of the package by its path from the root. */
export function readSources(): ReadonlyMap<string, string> {
  const files = ['machines', 'adapters', 'react'].flatMap((top) =>
    readdirSync(join(root, top), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.tsx?$/.test(file))
      .map((file) => join(top, file)),
  )
  return new Map(files.map((file) => [file, readFileSync(join(root, file), 'utf8')]))
}
