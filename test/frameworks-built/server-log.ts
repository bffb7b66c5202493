import type { ChildProcess } from 'node:child_process'
import { stripVTControlCharacters } from 'node:util'

/** A line that a server or a build writes when something went wrong in it. */
const complaint = /\b\w*Error\b[^\n]*:|unstable value/

/** Keeps the output of a server, and passes its errors on to this process. */
export function keepLog({ stdout, stderr }: ChildProcess): () => string {
  let log = ''
  for (const output of [stdout, stderr]) output?.on('data', (text) => void (log += String(text)))
  stderr?.pipe(process.stderr, { end: false })
  return () => log
}

/** Returns the lines of an output that tell of a fault. */
export function toComplaints(log: string): string[] {
  return stripVTControlCharacters(log)
    .split('\n')
    .filter((line) => complaint.test(line))
}
