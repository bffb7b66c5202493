import type { AuthServer } from 'authchart/h3'
import type { EventHandler } from 'h3'

export const whoIsIt = (auth: AuthServer): EventHandler =>
  async function answer(event) {
    const view = await auth.session(event)
    if (view.isSignedIn) return { hello: view.userId, email: view.claims?.['email'], until: view.expiresAt }
    if (view.authChecked) return { signedOut: true, why: view.error?.code }
    return { unknown: true, retry: view.error?.retryable }
  }
