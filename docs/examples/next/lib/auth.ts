import { createAuthServer, shareAuthServer } from 'authchart/h3'

const origin = process.env.ORIGIN ?? 'http://localhost:3000'

/** Route handlers and pages are bundled apart: this gives both the same server, once there are requests. */
export const getAuth = () => shareAuthServer('app', () => createAuthServer({ claims: { authorizedParties: [origin] } }))
