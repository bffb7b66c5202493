import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Plant } from './plants.ts'

/**
 * Makes a copy of the sources with one line changed, so that the package needs no switch for its own faults. It fails
 * if the line no longer exists, or exists more than once.
 *
 * @returns the location of the copy, and a function that removes it
 */
export async function plantBug(root: string, { name, file, line, instead }: Plant) {
  const source = await readFile(join(root, file), 'utf8')
  const places = source.split('\n').filter((each) => each.trim() === line).length
  if (places !== 1)
    throw new Error(`The planted bug ${name} needs its line once in ${file}, and finds it ${places} times`)
  const copy = await mkdtemp(join(tmpdir(), 'authchart-faults-'))
  for (const folder of ['machines', 'adapters', 'test/faults', 'package.json']) {
    await cp(join(root, folder), join(copy, folder), { recursive: true })
  }
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'))
  const lines = source.split('\n').map((each) => (each.trim() === line ? instead : each))
  await writeFile(join(copy, file), lines.join('\n'))
  return { root: copy, remove: () => rm(copy, { recursive: true, force: true }) }
}
