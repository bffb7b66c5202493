/**
 * The demo: `npm start` builds the package and this page, and serves both on http://localhost:3000 (`PORT`, `HOST`). The
 * page is in `dist`, or in the folder that `PAGE` names.
 * Without CLERK_SECRET_KEY and CLERK_PUBLISHABLE_KEY it starts a Clerk emulator on the same origin.
 */
import { fileURLToPath } from 'node:url'
import { createAuthServer } from 'authchart/h3'
import { createInspector } from 'authchart/inspector'
import { H3, toNodeHandler } from 'h3'
import { emulatorPath, openClerkSource } from './server/clerk-source.ts'
import { createDemoRoutes } from './server/demo-routes.ts'
import { createDocPages } from './server/doc-pages.ts'
import { listen } from './server/listen.ts'
import { createMachineSteps } from './server/machine-steps.ts'
import { createOpenSockets } from './server/open-sockets.ts'
import { createPageFiles } from './server/page-files.ts'

const port = Number(process.env['PORT'] || 3000)
const origin = `http://localhost:${port}`

const source = await openClerkSource(origin)
/**
 * The clock tolerance in seconds. With the emulator it is shorter than the default, so that an expiry is soon seen.
 */
const clockTolerance = source.emulator ? 10 : 60
const steps = createMachineSteps()
const inspector = createInspector()
const streams = createOpenSockets()
const auth = createAuthServer({
  clerk: source.server,
  claims: { authorizedParties: [origin, `http://127.0.0.1:${port}`], clockTolerance },
  loadUser: true,
  inspect: [steps.inspect, inspector],
})

const app = new H3()
app.use('/auth/events', streams.track, { method: 'GET' })
app.register(auth.plugin)
if (source.emulator) app.mount(emulatorPath, source.emulator.app)
const config = { ...source.config, clockTolerance }
app.mount('', createDemoRoutes({ auth, inspector, source, steps, config, streams }))
app.get('/docs/:page', createDocPages(new URL('../', import.meta.url)))
app.get('/**', await createPageFiles(process.env['PAGE'] || fileURLToPath(new URL('dist', import.meta.url))))

const servers = await listen(toNodeHandler(app), port, process.env['HOST'])
const { user } = source.config
console.log(`\n  authchart demo   ${origin}`)
console.log(`  Inspector        ${inspector.link(`${origin}/auth`)}`)
console.log(user ? `  Clerk emulator   ${user.email}  ${user.password}\n` : '  Clerk            your own instance\n')

async function stop(): Promise<void> {
  for (const server of servers) server.close()
  await auth.close({ timeout: 3_000 })
  await source.emulator?.close()
  for (const server of servers) server.closeAllConnections()
}
process.once('SIGINT', () => void stop())
process.once('SIGTERM', () => void stop())
