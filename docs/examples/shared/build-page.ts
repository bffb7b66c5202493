import react from '@vitejs/plugin-react'
import { build } from 'vite'

/**
 * Builds the page of an example.
 *
 * @param clerk the props of Clerk's provider, which the page finds as `CLERK`
 */
export async function buildPage(root: string, outDir: string, clerk: object): Promise<void> {
  await build({
    root,
    configFile: false,
    logLevel: 'warn',
    plugins: [react()],
    define: { CLERK: JSON.stringify(clerk) },
    build: { outDir, emptyOutDir: true, chunkSizeWarningLimit: 2_000 },
  })
}
