// oxlint-disable-next-line import/no-unassigned-import -- it loads the code of the client before a test begins
import '../preload-client.ts'
import { createAuthClient } from 'authchart/client'
import { createAuthPlugin, useAuthClient, useAuthState } from 'authchart/vue'
import { expect, it, vi } from 'vitest'
// @vitest-environment happy-dom
import { computed, createApp, h, nextTick, ref } from 'vue'
import { quiet, signedOutAtClerk } from './client.ts'

const Page = {
  setup() {
    const { status, view } = useAuthState()
    return () => h('p', `${status.value} ${view.value.state}`)
  },
}

/** Returns refs like the composable of @clerk/vue. */
function useFakeClerk() {
  const isLoaded = ref(false)
  const useAuth = () => ({
    isLoaded: computed(() => isLoaded.value),
    isSignedIn: computed(() => false),
    getToken: computed(() => signedOutAtClerk.getToken),
  })
  return { isLoaded, useAuth }
}

it('shows what the client shows, follows what Clerk says, and stops with the app', async () => {
  const { isLoaded, useAuth } = useFakeClerk()
  const client = createAuthClient(quiet)
  const setIdentity = vi.spyOn(client, 'setIdentity')
  const app = createApp(Page).use(createAuthPlugin({ useAuth, client }))
  const root = document.createElement('div')
  app.mount(root)
  expect(root.textContent).toBe('loading signedOut')
  isLoaded.value = true
  await nextTick()
  await nextTick()
  expect(root.textContent).toBe('unauthenticated signedOut')
  expect(app.runWithContext(useAuthClient)).toBe(client)

  app.unmount()
  expect(client.actor.getSnapshot().value.stream).toBe('closed')
  isLoaded.value = false
  await nextTick()
  expect(setIdentity.mock.calls.map(([clerk]) => clerk.isLoaded)).toEqual([false, true])
})

it('names the missing plugin if it is not installed', () => {
  const app = createApp(Page)
  expect(() => app.runWithContext(useAuthState)).toThrow('app.use(createAuthPlugin({ useAuth }))')
})
