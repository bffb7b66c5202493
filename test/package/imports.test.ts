import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readSources } from './source-files.ts'

/** The rooms of the hub, from the top down. A file imports only from its own room and from the rooms below. */
const rooms = ['requests', 'node', 'cookies', 'session', 'hosts', 'store']

const importPattern = /(?:\bfrom|\bimport\()\s*'(\.[^']+)'/g

type Graph = ReadonlyMap<string, readonly string[]>

/** Every source file of the package, and the files that it imports, for values or for types. */
const readImports = (): Graph => new Map([...readSources()].map(([file, source]) => [file, toImports(file, source)]))

function toImports(file: string, source: string): string[] {
  return [...source.matchAll(importPattern)].map(([, path]) => normalize(join(dirname(file), path!)))
}

/**
 * Looks for an import cycle.
 *
 * @returns the files of one cycle, with the first one again at its end, or null if there is none
 */
function findCircle(graph: Graph): readonly string[] | null {
  const done = new Set<string>()
  function visit(file: string, path: readonly string[]): readonly string[] | null {
    const start = path.indexOf(file)
    if (start >= 0) return [...path.slice(start), file]
    if (done.has(file)) return null
    for (const next of graph.get(file) ?? []) {
      const circle = visit(next, [...path, file])
      if (circle) return circle
    }
    done.add(file)
    return null
  }
  for (const file of graph.keys()) {
    const circle = visit(file, [])
    if (circle) return circle
  }
  return null
}

const toRoom = (file: string) => rooms.findIndex((room) => file.startsWith(`adapters/hub/${room}/`))

/**
 * Looks for imports in the hub that go upwards.
 *
 * @returns the imports from a room to one above it, or to the hub's entry file
 */
function findClimbs(graph: Graph): string[] {
  return [...graph].flatMap(([file, targets]) =>
    targets
      .filter((target) => target.startsWith('adapters/hub/') && toRoom(file) >= 0 && toRoom(target) < toRoom(file))
      .map((target) => `${file} → ${target}`),
  )
}

describe('the imports of the package', () => {
  const graph = readImports()

  it('all lead to files that exist', () => {
    expect(graph.size).toBeGreaterThan(150)
    const targets = [...graph].flatMap(([, imports]) => imports)
    expect(targets.length).toBeGreaterThan(500)
    expect(targets.filter((target) => !graph.has(target) && !target.includes('inspector/page'))).toEqual([])
  })

  it('form no cycle, types included', () => {
    expect(findCircle(graph)).toBeNull()
    const closed = new Map([...graph, ['adapters/logger.ts', ['adapters/hub/session-hub.ts']]])
    expect(findCircle(closed)).toContain('adapters/logger.ts')
  })

  it('keep the doctor outside: nothing imports it, and it imports nothing that holds a session', () => {
    const isDoctor = (file: string) => file.startsWith('adapters/doctor/')
    const across = [...graph].flatMap(([file, targets]) =>
      targets.filter((target) => isDoctor(file) !== isDoctor(target)).map((target) => `${file} → ${target}`),
    )
    expect(across.filter((each) => !isDoctor(each))).toEqual([])
    expect(across.length).toBeGreaterThan(3)
    expect(across.filter((each) => / adapters\/(?:h3|hub\/(?!cookies\/secret-id))/.test(each))).toEqual([])
  })

  it('lead from the upper rooms of the hub to the lower ones', () => {
    expect(findClimbs(graph)).toEqual([])
    const climb = new Map([['adapters/hub/store/seals.ts', ['adapters/hub/node/revocations.ts']]])
    expect(findClimbs(climb)).toHaveLength(1)
    expect([...graph.keys()].filter((file) => file.startsWith('adapters/hub/') && toRoom(file) < 0)).toEqual([
      'adapters/hub/session-hub.ts',
    ])
  })
})
