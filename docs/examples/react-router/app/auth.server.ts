import { createAuthServer, shareAuthServer } from 'authchart/h3'

const origin = process.env.ORIGIN ?? 'http://localhost:3000'

/** A function, since the build loads this module where there are no keys. */
export const getAuth = () => shareAuthServer('app', create)

function create() {
  const auth = createAuthServer({ claims: { authorizedParties: [origin] } })
  // At SIGTERM `react-router-serve` waits for what is open, and a stream stays open until its server is closed.
  process.once('SIGTERM', () => void auth.close())
  return auth
}
