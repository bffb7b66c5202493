import { createRoot } from 'react-dom/client'
import { App } from 'virtual:readme-app'

createRoot(document.getElementById('root')!).render(
  <App publishableKey={window.pageSettings.clerkProps.publishableKey} />,
)
