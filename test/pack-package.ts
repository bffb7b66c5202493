import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * Packs the package into a folder, as `npm publish` does.
 *
 * @param options.isBuilt true to take the build that is there, and not to build first
 * @returns the path of the tarball
 */
export async function packPackage(folder: string, { isBuilt = false } = {}): Promise<string> {
  const args = ['pack', '--json', '--pack-destination', folder, ...(isBuilt ? ['--ignore-scripts'] : [])]
  const { stdout } = await promisify(execFile)('npm', args, { cwd: root, maxBuffer: 1e8 })
  // The scripts of the package may print something before the JSON.
  const [{ filename }]: [{ filename: string }] = JSON.parse(stdout.slice(stdout.indexOf('[')))
  return join(folder, filename)
}
