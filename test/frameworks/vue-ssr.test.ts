import { createAuthPlugin, useAuthState } from 'authchart/vue'
import { expect, it } from 'vitest'
import { createSSRApp, h } from 'vue'
import { renderToString } from 'vue/server-renderer'
import { quiet } from './client.ts'

it('renders the initial view on a server, where the client rests and Clerk is not asked', async () => {
  let asked = 0
  const useAuth = () => {
    asked += 1
    return { isLoaded: true, getToken: async () => null }
  }
  const Page = {
    setup() {
      const { view } = useAuthState()
      return () => h('p', view.value.state)
    },
  }
  let requests = 0
  const fetch = () => {
    requests += 1
    return quiet.fetch()
  }
  const app = createSSRApp(Page).use(createAuthPlugin({ ...quiet, fetch, useAuth }))
  expect(await renderToString(app)).toBe('<p>signedOut</p>')
  expect([asked, requests]).toEqual([0, 0])
})
