import type { AuthServerOptions } from 'authchart/h3'

const website = 'https://app.example.com'

/**
 * The options of a server for an app and a website. They replace `claims.authorizedParties`, for which every token
 * would need an `azp`.
 */
export const appServerOptions = {
  // The name that the app gives itself.
  allowedOrigins: ['my-app://native'],
  // Clerk gives an app tokens without `azp`, because no page asks for them.
  claims: { validate: ({ azp }) => azp === undefined || azp === website },
} satisfies AuthServerOptions
