interface Framework {
  /** The package that the table gives the version of. */
  readonly version: string
  /** False for a server without pages. */
  readonly hasPage: boolean
  /** True for an example with a route that reads its body, because another h3 beside the framework's own could break it. */
  readonly hasEcho?: boolean
}

/** The examples in docs/examples that have packages of their own. */
export const frameworks: Readonly<Record<string, Framework>> = {
  next: { version: 'next', hasPage: true },
  nuxt: { version: 'nuxt', hasPage: true, hasEcho: true },
  'react-router': { version: 'react-router', hasPage: true },
  sveltekit: { version: '@sveltejs/kit', hasPage: true },
  'tanstack-start': { version: '@tanstack/react-start', hasPage: true },
  nitro: { version: 'nitro', hasPage: false },
}
