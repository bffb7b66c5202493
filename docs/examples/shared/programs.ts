import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * Finds a program on this machine, in the folders of `PATH` or in those where Linux and Homebrew keep servers.
 *
 * @throws Error if it is missing; the message says how to install it
 */
export function findProgram(name: string, install: string): string {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin']
  for (const folder of folders) {
    try {
      accessSync(join(folder, name), constants.X_OK)
      return join(folder, name)
    } catch {
      // It is not in this folder.
    }
  }
  throw new Error(`This example needs ${name}, which is not on this machine. Install it: ${install}`)
}
