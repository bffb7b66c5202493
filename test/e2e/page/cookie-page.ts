import { createAuthClient } from 'authchart/client'

const { initialView, userId, sessionId, url } = window.cookiePageSettings
const client = createAuthClient(url === undefined ? { initialView } : { url })
window.authClient = client
window.shownViews = [client.view]
client.subscribe((view) => {
  if (view !== window.shownViews.at(-1)) window.shownViews.push(view)
})
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
