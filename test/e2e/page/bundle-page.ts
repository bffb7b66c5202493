import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'vite'
import { reactVersion } from '../../react-version.ts'
import { sourceAliases } from '../../vitest.config.ts'

/**
 * Bundles a page into one script, in memory: by default the page of this folder with the development build of React,
 * where StrictMode does everything twice.
 */
export async function bundlePage(
  entry = new URL('main.tsx', import.meta.url),
  plugins: Plugin[] = [],
  mode: 'development' | 'production' = 'development',
): Promise<string> {
  const result = await build({
    root: fileURLToPath(new URL('.', entry)),
    configFile: false,
    logLevel: 'error',
    mode,
    plugins: [...plugins, ...reactVersion()],
    resolve: { alias: sourceAliases },
    oxc: { jsx: { runtime: 'automatic', development: mode === 'development' } },
    define: { 'process.env.NODE_ENV': JSON.stringify(mode) },
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

/** Bundles the page of this folder with the deprecated @clerk/clerk-react 5 and its binding. */
export const bundlePageOfClerkReact5 = () => bundlePage(undefined, [clerkReact5])

const clerkReact5: Plugin = {
  name: 'clerk-react-5',
  config: () => ({
    resolve: {
      alias: {
        '@clerk/react': '@clerk/clerk-react',
        'authchart/react/clerk': sourceAliases['authchart/react/clerk-react']!,
      },
    },
  }),
}
