import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { createTokenVerifier } from '../../adapters/jose/index.ts'
import { jwks, mint, nowMs } from './token-factory.ts'

/** The built files of the installed @clerk/backend. */
const dist = dirname(fileURLToPath(import.meta.resolve('@clerk/backend')))

/** Clerk's own names of the token categories, with our verdict on each. */
const verdicts: Readonly<Record<string, 'accepted' | 'token-type'>> = {
  JWT_CATEGORY_SESSION_TOKEN: 'accepted',
  JWT_CATEGORY_IGNORE: 'accepted',
  JWT_CATEGORY_JWT_TEMPLATE: 'token-type',
  JWT_CATEGORY_M2M_TOKEN: 'token-type',
}

const declared = [
  ...readFileSync(join(dist, 'tokens', 'jwtCategories.d.ts'), 'utf8').matchAll(/const (JWT_CATEGORY_\w+) = "(\w+)"/g),
].map(([, name, cat]) => [name, cat] as [name: string, cat: string])

/** All texts in the code of the SDK that look like a category. */
const written = new Set(
  readdirSync(dist)
    .filter((file) => /\.m?js$/.test(file))
    .flatMap((file) => readFileSync(join(dist, file), 'utf8').match(/\bcl_[A-Z]7d4PD[A-Za-z0-9]+/g) ?? []),
)

const verify = createTokenVerifier({ keys: { jwks }, clock: () => nowMs, logger: {} })
const judge = (cat: string | undefined) =>
  verify(mint({ header: { cat } })).then(
    () => 'accepted',
    ({ code }: { code: string }) => code,
  )

describe('the category of a token', () => {
  it('is known to the installed @clerk/backend, and each of its categories has a verdict', () => {
    expect(declared.map(([name]) => name).toSorted()).toEqual(Object.keys(verdicts).toSorted())
    expect(written.size).toBeGreaterThan(0)
    expect(declared.map(([, cat]) => cat)).toEqual(expect.arrayContaining([...written]))
  })

  it.each(declared)('%s (%s) has the expected result', async (name, cat) => {
    expect(await judge(cat)).toBe(verdicts[name])
  })

  it('may be missing, but not unknown', async () => {
    expect(await judge(undefined)).toBe('accepted')
    for (const cat of ['cl_B7d4PD444AAA', 'cl_i7d4pd111iii', '']) expect(await judge(cat)).toBe('token-type')
  })
})
