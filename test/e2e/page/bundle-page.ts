import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'vite'
import { sourceAliases } from '../../vitest.config.ts'

/** Bundles a page, by default this folder's, into one script, in memory; with React in development, where StrictMode does everything twice. */
export async function bundlePage(
  entry = new URL('main.tsx', import.meta.url),
  plugins: Plugin[] = [],
): Promise<string> {
  const result = await build({
    root: fileURLToPath(new URL('.', entry)),
    configFile: false,
    logLevel: 'error',
    mode: 'development',
    plugins,
    resolve: { alias: sourceAliases },
    define: { 'process.env.NODE_ENV': '"development"' },
    build: {
      write: false,
      minify: false,
      modulePreload: false,
      rolldownOptions: { input: fileURLToPath(entry), output: { codeSplitting: false } },
    },
  })
  const outputs = [result].flat().flatMap((each) => ('output' in each ? each.output : []))
  const script = outputs.find((each) => each.type === 'chunk' && each.isEntry)
  if (script?.type !== 'chunk') throw new Error('Vite made no script of the page')
  return script.code
}
