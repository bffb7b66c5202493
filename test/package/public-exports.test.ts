import { SymbolFlags } from 'typescript/unstable/sync'
import { expect, it } from 'vitest'
import { openPublicApi } from '../docs/public-api.ts'

/**
 * A name that appears or disappears here changes what users import, so it belongs in a review and in CHANGELOG.md.
 * `npx vitest run -u --config test/vitest.config.ts test/package/public-exports.test.ts` writes the list again.
 */
it('exports from each entry point the names that public-exports.txt lists', async () => {
  const api = openPublicApi()
  const lines = api.exports.map(
    ({ label, symbol: { flags } }) => `${label}${flags & SymbolFlags.Value ? '' : ' (type)'}`,
  )
  api.close()
  expect(lines.length).toBeGreaterThan(200)
  await expect(`${lines.toSorted().join('\n')}\n`).toMatchFileSnapshot('public-exports.txt')
})
