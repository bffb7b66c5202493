import type { AuthServer } from 'authchart/h3'
import { H3 } from 'h3'

export function createApp(auth: AuthServer): H3 {
  const app = new H3()
  app.register(auth.plugin)
  app.get(
    '/api/dashboard',
    auth.onLoad([
      (_, { timedOut }) => timedOut && console.warn('nobody knows yet who this is'),
      (_, { isSignedIn, userId }) => ({ numbers: isSignedIn ? [1, 2, 3] : [], userId }),
    ]),
  )
  app.get('/api/late', async (event) => {
    const { authChecked, timedOut } = await auth.whenChecked(event, { timeout: 5_000 })
    return { authChecked, timedOut }
  })
  return app
}
