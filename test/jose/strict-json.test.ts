import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { parseStrictJsonObject } from '../../adapters/jose/strict-json.ts'

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31)

/** A JSON text that is written member by member. A flag says if one object has a name twice. */
interface Written {
  readonly json: string
  readonly isTwice: boolean
}

const space = fc.constantFrom('', '', '', ' ', '\n', '\t')
const text = fc.array(fc.constantFrom('a', 'b', ':', '://', '/', '"', '\\', '":', '{', '}', ',', 'é', 'Ł'), {
  maxLength: 3,
})
const string = text.map((pieces) => JSON.stringify(pieces.join('')))

const { object } = fc.letrec<{ value: Written; list: Written; object: Written }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    string.map((json) => ({ json, isTwice: false })),
    fc.constantFrom('1', 'null', '"https://a.test:3000"', '-0.5e1').map((json) => ({ json, isTwice: false })),
    tie('object'),
    tie('list'),
  ),
  list: fc.array(tie('value'), { maxLength: 3 }).map((items) => ({
    json: `[${items.map(({ json }) => json).join(',')}]`,
    isTwice: items.some(({ isTwice }) => isTwice),
  })),
  object: fc.array(fc.tuple(space, string, space, space, tie('value')), { maxLength: 4 }).map((members) => ({
    json: `{${members.map(([before, name, after, then, { json }]) => before + name + after + ':' + then + json).join(',')}}`,
    isTwice:
      new Set(members.map(([, name]) => name)).size < members.length ||
      members.some(([, , , , value]) => value.isTwice),
  })),
}))

const outcomeOf = (json: string) => {
  try {
    return parseStrictJsonObject(new TextEncoder().encode(json))
  } catch (error) {
    return (error as Error).message
  }
}

it('finds a duplicate name among any colons, slashes and quotes, 20,000 texts', () => {
  console.info(`strict JSON: SEED=${seed} repeats this run`)
  const seen = { once: 0, twice: 0 }
  fc.assert(
    fc.property(object, ({ json, isTwice }) => {
      expect(outcomeOf(json)).toEqual(isTwice ? 'a duplicate member name' : JSON.parse(json))
      seen[isTwice ? 'twice' : 'once']++
    }),
    { seed, numRuns: 20_000 },
  )
  expect(Math.min(seen.once, seen.twice)).toBeGreaterThan(1_000)
})

it.each([
  ['{"a":"x:y","a":1}', 'a duplicate member name'],
  ['{"a":"://","b":1,"b":2}', 'a duplicate member name'],
  ['{"a" :1,"a" :2}', 'a duplicate member name'],
  ['{"a":/1}', 'not JSON in UTF-8'],
])('judges %s', (json, expected) => expect(outcomeOf(json)).toBe(expected))
