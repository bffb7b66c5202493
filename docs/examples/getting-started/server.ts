import { createAuthServer } from 'authchart/h3'
import { createClerkEmulator } from 'authchart/testing'
import { H3, serve } from 'h3'

const port = Number(process.env['PORT'] ?? 3000)

// Clerk on this machine, with one user. It is mounted below in this server.
const clerk = await createClerkEmulator({
  listen: false,
  url: `http://localhost:${port}/clerk`,
  appOrigin: 'http://localhost:5173',
  users: [{ email: 'ada@example.test', password: 'difference-engine' }],
})

const auth = createAuthServer({
  clerk: { secretKey: clerk.secretKey, publishableKey: clerk.publishableKey, apiUrl: clerk.apiUrl },
  // The origin of the page, which Clerk writes into its tokens.
  claims: { authorizedParties: ['http://localhost:5173'] },
})

const app = new H3()
app.register(auth.plugin)
app.mount('/clerk', clerk.app)

app.use('/api/**', auth.requireAuth())
app.get('/api/me', async (event) => {
  const { userId } = await auth.session(event)
  return { userId }
})

auth.onAuthChange(({ view, previous, reason }) => console.log(previous.userId, '→', view.userId, reason))

// Only for this machine, because anybody may sign in at the emulator.
serve(app, { port, hostname: 'localhost' })
