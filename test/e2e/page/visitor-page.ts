import { createAuthClient } from 'authchart/client'

/** A page of a visitor whom Clerk knows as signed out. */
const client = createAuthClient({ onError: ({ code }) => window.errors.push(code) })
window.authClient = client
window.errors = []
client.start()
client.setIdentity({ isLoaded: true, isSignedIn: false, getToken: async () => null })
