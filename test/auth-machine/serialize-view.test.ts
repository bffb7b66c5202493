import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { serializeView, toUncheckedView, type AuthView } from '../../machines/index.ts'
import { findChromium, launchBrowser } from '../e2e/browser.ts'

const named = (firstName: string): AuthView => ({
  ...toUncheckedView(1_000),
  claims: { name: firstName },
})

const names = [
  '</script><script>window.broken = 1</script>',
  '<!--<script>',
  ']]>',
  '-->',
  'a\u2028b\u2029c',
  '\\u003c "\\',
]

describe('serializeView', () => {
  it('is JSON of the same view, without a character that ends a script', () => {
    const anyName = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom(...names))
    fc.assert(
      fc.property(anyName, (name) => {
        const text = serializeView(named(name))
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(named(name))))
        expect(text).not.toMatch(/[<>\u2028\u2029]/)
      }),
    )
  })

  it.runIf(findChromium())('comes whole through the script of a page, and runs nothing else', async () => {
    const browser = await launchBrowser()
    try {
      const page = await browser.newPage()
      for (const name of names) {
        const view = named(name)
        await page.setContent(`<!doctype html><script>window.initialView = ${serializeView(view)}</script><p>whole</p>`)
        const read = await page.evaluate(() => {
          const { initialView, broken } = window as unknown as { initialView: unknown; broken: unknown }
          return { initialView, broken, text: document.body.innerText, scripts: document.scripts.length }
        })
        expect(read).toEqual({ initialView: view, broken: undefined, text: 'whole', scripts: 1 })
      }
    } finally {
      await browser.close()
    }
  })
})
