import * as fc from 'fast-check'
import { base64url } from 'jose'
import { expect, it } from 'vitest'
import { decodeBase64url } from '../../adapters/jose/base64url.ts'

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31)
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'.split('')

/** Decodes by the rule itself: only characters of the alphabet, and only the text that the bytes encode to. */
function decodeByTheRule(text: string): number[] | undefined {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return undefined
  const bytes = base64url.decode(text)
  return base64url.encode(bytes) === text ? [...bytes] : undefined
}

const decode = (text: string) => {
  const bytes = decodeBase64url(text)
  return bytes && [...bytes]
}

it('accepts exactly one text for each value, including the unused bits', () => {
  let accepted = 0
  for (const head of ['', 'AAAA']) {
    for (const a of alphabet) {
      for (const b of ['', ...alphabet]) {
        for (const c of b === '' ? [''] : ['', 'A', 'B', 'C', 'E', 'x', '0', '8', '9', '-', '_']) {
          const text = `${head}${a}${b}${c}`
          const expected = decodeByTheRule(text)
          expect(decode(text), text).toEqual(expected)
          if (expected) accepted++
        }
      }
    }
  }
  expect(accepted).toBeGreaterThan(1_000)
})

it('refuses every foreign character, even if Buffer knows it or looks at its low byte', () => {
  for (let code = 0; code < 0x3000; code++) {
    const character = String.fromCharCode(code)
    for (const text of [`AAA${character}`, `${character}AAA`, `AA${character}`, `A${character}`, character]) {
      expect(decode(text), `U+${code.toString(16)}`).toEqual(decodeByTheRule(text))
    }
  }
})

it('decodes by the rule, 20,000 texts', () => {
  console.info(`base64url: SEED=${seed} repeats this run`)
  const strange = fc.constantFrom('+', '/', '=', ' ', '\n', '.', 'Á', 'Ł', '\u2003', '\u{1F600}', '\0')
  const character = fc.oneof({ arbitrary: fc.constantFrom(...alphabet), weight: 40 }, { arbitrary: strange, weight: 1 })
  const text = fc.array(character, { maxLength: 40 }).map((characters) => characters.join(''))
  let accepted = 0
  fc.assert(
    fc.property(text, (text) => {
      const expected = decodeByTheRule(text)
      expect(decode(text)).toEqual(expected)
      if (expected) accepted++
    }),
    { seed, numRuns: 20_000 },
  )
  expect(accepted).toBeGreaterThan(2_000)
  expect(accepted).toBeLessThan(18_000)
})
