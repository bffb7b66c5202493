import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { expect, it } from 'vitest'

const at = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))

it.each(['h3', 'browser', 'jose'])('nothing of the inspector is loaded with adapters/%s', async (adapter) => {
  const result = await build({
    root: at('.'),
    configFile: false,
    logLevel: 'error',
    // Bundlers leave out unused modules, but Node loads every imported one. So the test turns tree shaking off.
    build: { ssr: at(`adapters/${adapter}/index.ts`), write: false, rolldownOptions: { treeshake: false } },
  })
  const outputs = [result].flat().flatMap((each) => ('output' in each ? each.output : []))
  const modules = outputs.flatMap((each) => (each.type === 'chunk' ? each.moduleIds : []))
  expect(modules).toContain(at(`adapters/${adapter}/index.ts`))
  expect(modules.filter((id) => id.startsWith(at('adapters/inspector/')))).toEqual([])
})
