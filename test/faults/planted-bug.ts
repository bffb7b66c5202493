import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Plant } from './plants.ts'

/**
 * Reads a source file with its planted bug, so that the package needs no switch for its own faults.
 *
 * @throws Error if the line of the bug no longer exists, or exists more than once
 */
export async function plantBug(root: string, { name, file, line, instead }: Plant): Promise<string> {
  const lines = (await readFile(join(root, file), 'utf8')).split('\n')
  const places = lines.filter((each) => each.trim() === line).length
  if (places !== 1)
    throw new Error(`The planted bug ${name} needs its line once in ${file}, and finds it ${places} times`)
  return lines.map((each) => (each.trim() === line ? instead : each)).join('\n')
}
