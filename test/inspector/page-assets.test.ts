import { beforeAll, expect, it } from 'vitest'
import * as assets from '../../adapters/inspector/page-assets.ts'
import { buildPage, writePage } from './build-page.ts'

const again = 'run UPDATE_INSPECTOR_PAGE=1 npm test -- test/inspector/page-assets'

let built: Awaited<ReturnType<typeof buildPage>>
beforeAll(async () => {
  if (process.env['UPDATE_INSPECTOR_PAGE']) await writePage()
  else built = await buildPage()
})

it.runIf(!process.env['UPDATE_INSPECTOR_PAGE'])('the page is built from its sources and from the machines', () => {
  expect(assets.charts, again).toEqual(built.charts)
  expect(assets.script, again).toBe(built.script)
  expect(assets.style, again).toBe(built.style)
})

it('its script contains nothing that would end it early', () => {
  expect(assets.script).not.toMatch(/<\/script|<!--/i)
  expect(assets.style).not.toMatch(/<\/style/i)
})
