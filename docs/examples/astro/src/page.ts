import { $clerkStore } from '@clerk/astro/client'
import { bindClerk, createAuthClient } from 'authchart/client'

const find = (id: string) => document.getElementById(id)!
const client = createAuthClient({ initialView: JSON.parse(document.body.dataset['view']!) })
let isFormShown = false

function show() {
  const clerk = $clerkStore.get()
  find('who').textContent = client.view.userId
  find('loading').hidden = client.status !== 'loading'
  find('sign-out').hidden = client.status !== 'authenticated'
  // Clerk's form sends a signed-in user away, so it is there only while it is needed.
  const isFormDue = client.status === 'unauthenticated'
  if (!clerk || isFormDue === isFormShown) return
  isFormShown = isFormDue
  if (isFormDue) clerk.mountSignIn(find('sign-in') as HTMLDivElement, { routing: 'hash' })
  else clerk.unmountSignIn(find('sign-in') as HTMLDivElement)
}

client.subscribe(show)
show()
client.start()
find('sign-out').addEventListener('click', () => void $clerkStore.get()?.signOut())

// @clerk/astro sets the store when clerk-js is there, and again when Clerk has loaded.
const unlisten = $clerkStore.subscribe((clerk) => {
  if (!clerk?.loaded) return
  bindClerk(client, clerk)
  queueMicrotask(() => unlisten())
})
