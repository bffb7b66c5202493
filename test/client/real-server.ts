import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { H3, toNodeHandler } from 'h3'
import { exportJWK, SignJWT } from 'jose'
import { createAuthServer, type AuthServerOptions } from '../../adapters/h3/index.ts'
import type { ClerkIdentity } from '../../machines/sync/sync-events.ts'

const issuer = 'https://clerk.example.test'
/** The app's origin, which tokens carry in `azp`. */
const party = 'https://app.example.test'
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'kid-1', alg: 'RS256', use: 'sig' }] }

/** Makes a session token like Clerk's, signed with a real key. Times are in seconds. */
export function mintToken({ userId, sessionId, orgId }: ClerkIdentity, times: { iat?: number; life?: number } = {}) {
  const { iat = Math.floor(Date.now() / 1000), life = 60 } = times
  const org = orgId === null ? {} : { o: { id: orgId, rol: 'admin' } }
  return new SignJWT({
    azp: party,
    sid: sessionId,
    sts: 'active',
    v: 2,
    fva: [0, -1],
    jti: randomBytes(8).toString('hex'),
    ...org,
  })
    .setProtectedHeader({ alg: 'RS256', kid: 'kid-1', typ: 'JWT', cat: 'cl_B7d4PD111AAA' })
    .setIssuer(issuer)
    .setSubject(userId)
    .setIssuedAt(iat)
    .setNotBefore(iat - 10)
    .setExpirationTime(iat + life)
    .sign(privateKey)
}

const silent = { debug() {}, info() {}, warn() {}, error() {} }

/** Starts a real h3 server on a loopback port. It can be restarted on the same port with an empty memory. */
export async function startServer(options: AuthServerOptions = {}) {
  let auth: ReturnType<typeof createAuthServer>
  let server: Server
  let port = 0

  async function listen() {
    auth = createAuthServer({
      keys: { jwks },
      claims: { issuer, authorizedParties: [party] },
      logger: silent,
      ...options,
    })
    const app = new H3()
    app.register(auth.plugin)
    server = createServer(toNodeHandler(app))
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    port = (server.address() as AddressInfo).port
  }
  async function close() {
    await auth.close({ timeout: 0 })
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  await listen()

  return {
    origin: `http://127.0.0.1:${port}`,
    get auth() {
      return auth
    },
    async restart() {
      await close()
      await listen()
    },
    close,
  }
}
