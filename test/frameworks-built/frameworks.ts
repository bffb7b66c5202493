export interface Framework {
  /** The package that the table gives the version of. */
  readonly version: string
  /** False for a server without pages. */
  readonly hasPage: boolean
  /** True for an example with a route that reads its body, because another h3 beside the framework's own could break it. */
  readonly hasEcho?: boolean
  /** The folder in docs/examples. Default: the name. */
  readonly example?: string
  /** A file of the example to leave out. */
  readonly without?: string
  /** A page that the framework renders when it builds the app, with neither a request nor a first view. */
  readonly prerendered?: string
}

/** The examples in docs/examples that have packages of their own. */
export const frameworks: Readonly<Record<string, Framework>> = {
  next: { version: 'next', hasPage: true, prerendered: '/prerendered' },
  'next-without-cache-components': { version: 'next', hasPage: true, example: 'next', without: 'next.config.ts' },
  nuxt: { version: 'nuxt', hasPage: true, hasEcho: true },
  'react-router': { version: 'react-router', hasPage: true },
  sveltekit: { version: '@sveltejs/kit', hasPage: true },
  'tanstack-start': { version: '@tanstack/react-start', hasPage: true },
  astro: { version: 'astro', hasPage: true },
  nitro: { version: 'nitro', hasPage: false },
}
