import { SymbolFlags } from 'typescript/unstable/sync'
import { afterAll, expect, test } from 'vitest'
import { openPublicApi, type PublicMember } from './public-api.ts'
import { findThrownErrors } from './thrown-errors.ts'

const api = openPublicApi()
const { checker, names, members } = api
afterAll(() => api.close())

const toText = ({ symbol }: PublicMember) => checker.getDocumentationCommentOfSymbol(symbol)
const isOption = ({ owner }: PublicMember) => /(Options|Props|Input|Settings|Limits)$/.test(owner)
/**
 * The context of a machine is its own, the names of the emulator's resources are Clerk's, and the field that tells the
 * members of a union apart is documented with each of them.
 */
const isField = ({ owner, symbol: { name, declarations } }: PublicMember) =>
  !owner.endsWith('Context') &&
  !(name === 'type' && owner.endsWith('Event')) &&
  declarations.length === 1 &&
  !declarations[0]?.path.includes('/test/kit/')
const options = members.filter(isOption)

/** A number that counts something says so; a moment or a duration names its unit. */
const units =
  /\b(ms|milliseconds|seconds|minutes|bytes|characters|number of|version number|port|ttl|share)\b|in \[0, 1\)/i

test('every export of every entry point has a docstring', () => {
  const missing = names.filter(({ symbol }) => !checker.getDocumentationCommentOfSymbol(symbol))
  expect(missing.map(({ label }) => label)).toEqual([])
})

test('every option, method and field of a public type has a docstring', () => {
  const missing = members.filter((each) => (isOption(each) || each.isMethod || isField(each)) && !toText(each))
  expect(missing.map(({ label }) => label)).toEqual([])
})

test('an option that is a number says its unit', () => {
  const numbers = options.filter(({ type }) => /^number\b/.test(type) || type === '(() => number) | undefined')
  expect(numbers.length).toBeGreaterThan(20)
  expect(numbers.filter((each) => !units.test(toText(each))).map(({ label }) => label)).toEqual([])
})

test('an option that may be left out says its default', () => {
  const optional = options.filter(
    ({ isOptional, type }) => isOptional && /^(number|string|boolean|"|readonly )/.test(type),
  )
  expect(optional.length).toBeGreaterThan(50)
  expect(optional.filter((each) => !/\bdefaults?\b/i.test(toText(each))).map(({ label }) => label)).toEqual([])
})

test('a function or method that throws names the error with @throws', () => {
  const { ofFunction, byMethod } = findThrownErrors(api)
  const functions = names.filter(({ symbol }) => symbol.flags & (SymbolFlags.Function | SymbolFlags.Variable))
  const thrown = [
    ...functions.map(({ label, symbol }) => ({ label, symbol, errors: ofFunction(symbol) })),
    ...members.map(({ label, symbol }) => ({ label, symbol, errors: byMethod.get(label) ?? [] })),
  ]
  expect(thrown.flatMap(({ errors }) => [...errors]).length).toBeGreaterThan(40)
  const missing = thrown.flatMap(({ label, symbol, errors }) => {
    const tags = checker.getJsDocTagsOfSymbol(symbol).filter(({ name }) => name === 'throws')
    const told = tags.map(({ text }) => text).join(' ')
    return [...errors].filter((error) => !told.includes(error)).map((error) => `${label}: @throws ${error}`)
  })
  expect(missing).toEqual([])
})

test('a docstring has no tag by accident, such as the name of a package at the start of a line', () => {
  const known = new Set(['throws', 'returns', 'param', 'example', 'template', 'see', 'deprecated', 'internal'])
  const strange = [...names, ...members].flatMap(({ label, symbol }) =>
    checker.getJsDocTagsOfSymbol(symbol).flatMap(({ name }) => (known.has(name) ? [] : [`${label}: @${name}`])),
  )
  expect(strange).toEqual([])
})
