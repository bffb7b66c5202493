import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { build, type Plugin } from 'esbuild'
import { plantBug } from './planted-bug.ts'
import type { Plant } from './plants.ts'

/** The compiled worker. */
export interface BuiltWorker {
  /** The path of the script. */
  readonly script: string
  /** Removes the script. */
  remove(): Promise<void>
}

/**
 * Compiles the worker and the sources of the package into one script, with a bug if one is to be planted. A process
 * starts ten times as fast from one script as from a hundred sources, and a hunt runs one case for each planted bug.
 *
 * @param root the folder of the package
 */
export async function buildWorker(root: string, plant?: Plant): Promise<BuiltWorker> {
  // The script has to be below `node_modules`, where it finds the packages that it imports.
  const cache = join(root, 'node_modules/.cache')
  await mkdir(cache, { recursive: true })
  const folder = await mkdtemp(join(cache, 'authchart-faults-'))
  const remove = () => rm(folder, { recursive: true, force: true })
  const script = join(folder, 'worker.mjs')
  try {
    await build({
      entryPoints: [join(root, 'test/faults/worker.ts')],
      outfile: script,
      bundle: true,
      packages: 'external',
      platform: 'node',
      format: 'esm',
      target: 'node20',
      sourcemap: 'inline',
      logLevel: 'warning',
      plugins: plant ? [toPlugin(root, plant, await plantBug(root, plant))] : [],
    })
  } catch (error) {
    await remove()
    throw error
  }
  return { script, remove }
}

/** Returns a plugin that takes `contents` in place of the file of the plant. */
function toPlugin(root: string, { name, file }: Plant, contents: string): Plugin {
  const path = join(root, file)
  return {
    name,
    setup(build) {
      build.onLoad({ filter: /\.ts$/ }, (module) => (module.path === path ? { contents, loader: 'ts' } : null))
    },
  }
}
