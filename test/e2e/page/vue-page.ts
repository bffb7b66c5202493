import { clerkPlugin, SignIn, UserButton, useAuth } from '@clerk/vue'
import { createAuthPlugin, useAuthState } from 'authchart/vue'
import { createApp, h } from 'vue'

const App = {
  setup() {
    const { status, view } = useAuthState()
    return () => [
      h('p', { id: 'shown' }, `${status.value} ${view.value.userId ?? ''}`.trim()),
      status.value === 'unauthenticated' && h(SignIn, { routing: 'hash' }),
      status.value === 'authenticated' && h(UserButton),
    ]
  },
}

const { clerkProps } = window.pageSettings
createApp(App)
  .use(clerkPlugin, { ...clerkProps, afterSignOutUrl: '/', telemetry: false })
  .use(createAuthPlugin({ useAuth }))
  .mount('#root')
