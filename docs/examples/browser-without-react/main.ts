import { bindClerk, createAuthClient, type ClerkLike } from 'authchart/client'

declare const Clerk: ClerkLike & {
  load(options?: object): Promise<void>
  signOut(): Promise<void>
  mountSignIn(element: HTMLElement, props: object): void
  unmountSignIn(element: HTMLElement): void
}

const find = (id: string) => document.getElementById(id)!

const client = createAuthClient()
let isSignInShown = false
client.subscribe(() => {
  const { status, view, error } = client
  const isFailed = status === 'failed'
  find('who').textContent = `${status} ${view.userId ?? ''}`.trim()
  find('error').textContent = isFailed && error ? error.message : ''
  find('retry').hidden = !isFailed
  find('sign-out').hidden = !(status === 'authenticated' || (isFailed && error?.code !== 'clerk-unavailable'))
  // Clerk's form is not shown when the sync has failed: it sends a signed-in user away, and this page would reload in
  // a loop.
  const isSignInDue = status === 'unauthenticated'
  if (isSignInDue === isSignInShown) return
  isSignInShown = isSignInDue
  if (isSignInDue) Clerk.mountSignIn(find('sign-in'), { routing: 'hash' })
  else Clerk.unmountSignIn(find('sign-in'))
})
find('retry').addEventListener('click', () => client.retry())
find('sign-out').addEventListener('click', () => void Clerk.signOut())
// The client starts before Clerk loads, so that it can report that Clerk does not load.
client.start()

// The script of Clerk's components sets this global.
const { __internal_ClerkUICtor: ClerkUI } = globalThis as { __internal_ClerkUICtor?: unknown }
await Clerk.load({ ui: { ClerkUI }, telemetry: false })
bindClerk(client, Clerk)
