import { bindClerk, createAuthClient } from 'authchart/client'
import type { AuthStatus, ClerkLike } from 'authchart/client'

declare const Clerk: ClerkLike & {
  load(options?: object): Promise<void>
  signOut(): Promise<void>
  mountSignIn(element: HTMLElement, props: object): void
  unmountSignIn(element: HTMLElement): void
}

const find = (id: string) => document.getElementById(id)!

await Clerk.load({ telemetry: false })
const client = createAuthClient()
bindClerk(client, Clerk)

let shown: AuthStatus = 'loading'
client.actor.subscribe(() => {
  find('who').textContent = `${client.status} ${client.view.userId ?? ''}`.trim()
  if (client.status === shown) return
  shown = client.status
  find('sign-out').hidden = shown !== 'authenticated'
  // Only on the server's word: Clerk's form sends the signed-in away, which would load this page again and again.
  if (shown === 'unauthenticated') Clerk.mountSignIn(find('sign-in'), { routing: 'hash' })
  else Clerk.unmountSignIn(find('sign-in'))
})
find('sign-out').addEventListener('click', () => void Clerk.signOut())
client.start()
