import type { AuthServerOptions } from 'authchart/h3'

const website = 'https://app.example.com'

/** A server for an app and a website: in place of `claims.authorizedParties`, which every token would need an `azp` for. */
export const appServerOptions = {
  // The name that the app gives itself.
  allowedOrigins: ['my-app://native'],
  // Clerk gives an app tokens without `azp`, since no page asks for them.
  claims: { validate: ({ azp }) => azp === undefined || azp === website },
} satisfies AuthServerOptions
