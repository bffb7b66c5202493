import { createAuthServer, shareAuthServer } from 'authchart/h3'

const origin = process.env.ORIGIN ?? 'http://localhost:3000'

/** A function, since the build loads this module where there are no keys. */
export const getAuth = () => shareAuthServer('app', () => createAuthServer({ claims: { authorizedParties: [origin] } }))
