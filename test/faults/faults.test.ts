import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { plantBug } from './planted-bug.ts'
import { plants, type Plant } from './plants.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const seed = Number(process.env['SEED'] ?? 1)

interface Summary {
  readonly cases: number
  readonly seed: number
  readonly violations: number
  readonly planted: number
  readonly caught: number
  readonly fired: Readonly<Record<string, number>>
}

/** Runs `npm run faults` in a process of its own, because a case takes over the clock of its process. */
function runFaults(...args: readonly string[]) {
  return new Promise<{ code: number; output: string; summary: Summary }>((resolve) => {
    const command = ['--import', 'tsx', 'test/faults/run.ts', ...args]
    execFile(process.execPath, command, { cwd: root, maxBuffer: 2 ** 26 }, (error, output) => {
      const last = output.trimEnd().split('\n').at(-1) ?? ''
      resolve({ code: Number(error?.code ?? 0), output, summary: JSON.parse(last) as Summary })
    })
  })
}

const toDigest = (output: string) => /^digest (\w+)$/m.exec(output)?.[1]

describe('the simulation of faults', () => {
  it('replays a seed exactly, in other processes and after other cases', async () => {
    const args = ['--seed', String(seed), '--cases', '24', '--no-plants']
    const [two, one, other] = await Promise.all([
      runFaults(...args, '--jobs', '2'),
      runFaults(...args, '--jobs', '1'),
      runFaults('--seed', String(seed + 1), '--cases', '24', '--no-plants', '--jobs', '1'),
    ])
    expect(two.summary).toMatchObject({ cases: 24, seed, violations: 0 })
    expect(toDigest(two.output)).toMatch(/^\w{64}$/)
    expect(toDigest(one.output)).toBe(toDigest(two.output))
    expect(toDigest(other.output)).not.toBe(toDigest(one.output))
    expect(one.summary.fired).toEqual(two.summary.fired)
  }, 240_000)

  it('catches every planted bug', async () => {
    const { code, output, summary } = await runFaults('--seed', String(seed), '--cases', '20')
    expect(output).not.toContain('ESCAPED')
    expect(summary).toMatchObject({ violations: 0, planted: plants.length, caught: plants.length })
    expect(code).toBe(0)
    expect(plants.length).toBeGreaterThanOrEqual(10)
  }, 900_000)

  it('names the seed that caught a planted bug, and one case of that seed catches it again', async () => {
    const args = ['--plant', 'tombstones-forgotten', '--jobs', '1']
    const hunt = await runFaults(...args, '--seed', String(seed), '--cases', '300')
    expect(hunt.code).toBe(1)
    const caughtBy = /^caught by seed (\d+)$/m.exec(hunt.output)?.[1] ?? ''
    const again = await runFaults(...args, '--seed', caughtBy, '--cases', '1')
    expect(again.code).toBe(1)
    expect(again.summary).toMatchObject({ cases: 1, seed: Number(caughtBy), planted: 1, caught: 1 })
    const toLog = (output: string) => output.slice(0, output.indexOf('\nreplay'))
    expect(toLog(again.output)).toBe(toLog(hunt.output))
  }, 240_000)

  it('fails loudly if the line of a planted bug no longer exists', async () => {
    const gone: Plant = { ...(plants[0] as Plant), line: 'a line that nobody wrote' }
    await expect(plantBug(root, gone)).rejects.toThrow(`${gone.name} needs its line once in ${gone.file}`)
  })

  it.each(plants)('names $name in --list-plants, and finds its line in the sources', async (plant) => {
    const lines = (await plantBug(root, plant)).split('\n')
    expect(lines).toContain(plant.instead)
    expect(lines.map((line) => line.trim())).not.toContain(plant.line)
  })
})
