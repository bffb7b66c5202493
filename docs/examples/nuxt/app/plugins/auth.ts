import { useAuth } from '@clerk/nuxt/composables'
import type { AuthView } from 'authchart'
import { createAuthPlugin } from 'authchart/vue'

export default defineNuxtPlugin(({ vueApp }) => {
  const event = useRequestEvent()
  const initialView = useState<AuthView>('view', () => event?.context.view)
  vueApp.use(createAuthPlugin({ useAuth, initialView: initialView.value }))
})
