import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { sourceAliases } from '../vitest.config.ts'

/** Bundles a file of docs/examples/ into one module for a browser, in memory. */
export async function bundleExample(path: string): Promise<string> {
  const input = fileURLToPath(new URL(`../../docs/examples/${path}`, import.meta.url))
  const result = await build({
    configFile: false,
    logLevel: 'error',
    resolve: { alias: sourceAliases },
    build: {
      write: false,
      minify: false,
      modulePreload: false,
      rolldownOptions: { input, output: { codeSplitting: false } },
    },
  })
  const outputs = [result].flat().flatMap((each) => ('output' in each ? each.output : []))
  const script = outputs.find((each) => each.type === 'chunk' && each.isEntry)
  if (script?.type !== 'chunk') throw new Error(`Vite made no script of ${path}`)
  return script.code
}
