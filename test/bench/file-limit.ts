import { execFileSync } from 'node:child_process'

/** Tells if a process here may open this many files, and therefore sockets. */
export function canHaveFiles(count: number): boolean {
  const limit = execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).trim()
  return limit === 'unlimited' || Number(limit) >= count
}
