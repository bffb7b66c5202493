import { createRequire } from 'node:module'

const nitro = createRequire(createRequire(import.meta.url).resolve('nitropack/package.json'))

export default defineNuxtConfig({
  compatibilityDate: '2026-01-01',
  modules: ['@clerk/nuxt'],
  // Routes of the app keep the h3 of Nitro, which is v1: only authchart takes the one in package.json.
  alias: { h3: nitro.resolve('h3').replace(/[^/\\]*$/, 'index.mjs') },
})
