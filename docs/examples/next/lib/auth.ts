import { createAuthServer, shareAuthServer } from 'authchart/h3'

/** The origin of the page, which Clerk writes into its tokens. */
const origin = process.env['APP_ORIGIN'] ?? 'http://localhost:3000'

export const getAuth = () => shareAuthServer('app', () => createAuthServer({ claims: { authorizedParties: [origin] } }))
