import { createAuthClient } from 'authchart/client'

const { initialView, userId, sessionId } = window.cookiePageSettings
const client = createAuthClient({ initialView })
window.authClient = client
window.shownViews = [client.view]
client.subscribe((view) => window.shownViews.push(view))
client.setIdentity({
  isLoaded: true,
  isSignedIn: true,
  userId,
  sessionId,
  orgId: null,
  orgRole: null,
  getToken: async () => (await fetch('/token')).text(),
})
client.start()
