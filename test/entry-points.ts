import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** An entry point of the package. */
export interface EntryPoint {
  /** The name by which it is imported, such as `authchart/h3`. */
  readonly name: string
  /** The path of its source from the root, such as `adapters/h3/index.ts`. */
  readonly source: string
}

const manifestPath = fileURLToPath(new URL('../package.json', import.meta.url))

/** Reads the entry points from the `exports` of package.json, with their sources in place of the built files. */
export function readEntryPoints(): EntryPoint[] {
  const { name, exports } = JSON.parse(readFileSync(manifestPath, 'utf8')) as {
    name: string
    exports: Record<string, string | { default: string }>
  }
  return Object.entries(exports).flatMap(([entry, target]) =>
    typeof target === 'string'
      ? []
      : [{ name: name + entry.slice(1), source: target.default.replace('./dist/', '').replace(/\.js$/, '.ts') }],
  )
}
