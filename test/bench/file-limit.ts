import { execFileSync } from 'node:child_process'

/** Whether a process here may have so many files open, and thus sockets. */
export function canHaveFiles(count: number): boolean {
  const limit = execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).trim()
  return limit === 'unlimited' || Number(limit) >= count
}
