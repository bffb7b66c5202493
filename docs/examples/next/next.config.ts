import type { NextConfig } from 'next'

/** What a new app of create-next-app turns on. The example works without it, too. */
const config: NextConfig = { cacheComponents: true, partialPrefetching: true }

export default config
