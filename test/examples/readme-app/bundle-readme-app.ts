import { fileURLToPath } from 'node:url'
import type { Plugin } from 'vite'
import { bundlePage } from '../../e2e/page/bundle-page.ts'
import { readmeSnippet } from '../../readme-snippet.ts'

/** This file does not exist. Its name tells Vite how to read the snippet, and where its imports start. */
const app = fileURLToPath(new URL('app.tsx', import.meta.url))

/** Puts the snippet on the page, with a provider that knows the address of the Clerk emulator. */
const readmeApp: Plugin = {
  name: 'readme-app',
  enforce: 'pre',
  resolveId: (source) => (source === 'virtual:readme-app' ? app : null),
  load: (id) => (id === app ? readmeSnippet('app.tsx').replace('authchart/react/clerk', './emulated-clerk.tsx') : null),
}

export const bundleReadmeApp = () => bundlePage(new URL('main.tsx', import.meta.url), [readmeApp])
