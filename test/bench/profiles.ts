import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly hitCount?: number
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  }[]
}

const shown = 15

/** Prints where each profiled process spent its own time, the busiest functions first. */
export function printProfiles(directory: string): void {
  for (const name of readdirSync(directory)) {
    for (const file of readdirSync(join(directory, name))) {
      const profile = JSON.parse(readFileSync(join(directory, name, file), 'utf8')) as CpuProfile
      console.log(`\n${name}`)
      for (const [where, share] of toSelfTimes(profile).slice(0, shown)) {
        console.log(`  ${(share * 100).toFixed(1).padStart(5)} %  ${where}`)
      }
    }
  }
}

/** Returns the share of the busy time that each function spent in itself. */
function toSelfTimes({ nodes }: CpuProfile): [string, number][] {
  const hits = new Map<string, number>()
  let busy = 0
  for (const { callFrame, hitCount = 0 } of nodes) {
    if (callFrame.functionName === '(idle)' || hitCount === 0) continue
    busy += hitCount
    const where = `${callFrame.functionName || '(anonymous)'} ${toModule(callFrame.url)}`
    hits.set(where, (hits.get(where) ?? 0) + hitCount)
  }
  return [...hits].map(([where, count]): [string, number] => [where, count / busy]).toSorted((a, b) => b[1] - a[1])
}

/**
 * Returns the package of a file. Files compiled for the bench have none: those of the product and the peers' own
 * code.
 */
const toModule = (url: string) =>
  /node_modules\/((?:@[^/]+\/)?[\w][^/]*)/.exec(url)?.[1] ?? (url.startsWith('node:') ? url : '')
