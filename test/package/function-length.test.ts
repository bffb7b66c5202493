import { parseSync } from 'vite'
import { describe, expect, it } from 'vitest'
import { readSources } from './source-files.ts'

/** A function that makes an object of others may be longer, because it holds what they share. */
const maxFactory = 100
const maxFunction = 80

/** Factories that are longer for a reason, and how long they may be. */
const allowed: Readonly<Record<string, number>> = {
  // It creates every part of a node, in the order in which they need each other.
  createSessionHub: 119,
  // Its functions share one table.
  createSessionLifetimes: 113,
}

interface Measured {
  readonly name: string
  readonly lines: number
}

interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
}

const isNode = (value: unknown): value is Node & Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'

/** @returns every function of a source with its lines of code, without the blank ones and those of comments alone */
function measure(file: string, source: string): Measured[] {
  const { program, comments } = parseSync(file, source)
  let code = source
  for (const { start, end } of comments) {
    code = code.slice(0, start) + code.slice(start, end).replace(/[^\n]/g, ' ') + code.slice(end)
  }
  const found: Measured[] = []
  function visit(value: unknown, outer: string) {
    if (Array.isArray(value)) for (const each of value) visit(each, outer)
    if (!isNode(value)) return
    const name = toName(value) ?? outer
    if (/^(?:FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(value.type)) {
      const lines = code.slice(value.start, value.end).split('\n')
      found.push({ name, lines: lines.filter((line) => line.trim() !== '').length })
    }
    for (const [key, child] of Object.entries(value)) if (key !== 'id') visit(child, name)
  }
  visit(program.body, file)
  return found
}

/** @returns the name that a declaration, a variable or a member gives to the function in it */
function toName(node: Readonly<Record<string, unknown>>): string | null {
  const named = node['id'] ?? node['key']
  return isNode(named) && typeof named['name'] === 'string' ? named['name'] : null
}

const toLimit = (name: string) => allowed[name] ?? (name.startsWith('create') ? maxFactory : maxFunction)

const findTooLong = (file: string, source: string) =>
  measure(file, source)
    .filter(({ name, lines }) => lines > toLimit(name))
    .map(({ name, lines }) => `${file} ${name}: ${lines} lines`)

const toFunction = (name: string, lines: number) =>
  `export function ${name}() {\n${'  // said\n\n  run()\n'.repeat(lines - 2)}}\n`

describe('a function of the package', () => {
  it(`has at most ${maxFunction} lines of code, and a factory at most ${maxFactory}`, () => {
    const sources = [...readSources()].filter(([file]) => !file.endsWith('page-assets.ts'))
    expect(sources.flatMap(([file, source]) => findTooLong(file, source))).toEqual([])
  })

  it.each([
    ['serve', maxFunction],
    ['createServer', maxFactory],
  ])('is found to be too long: %s', (name, most) => {
    expect(findTooLong('a.ts', toFunction(name, most))).toEqual([])
    expect(findTooLong('a.ts', toFunction(name, most + 1))).toEqual([`a.ts ${name}: ${most + 1} lines`])
  })
})
