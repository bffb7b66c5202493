import { preloadAuthClient } from 'authchart/client'
import { ClerkAuthProvider } from 'authchart/react/clerk'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { toClerkAppearance } from './clerk-appearance.ts'
import { fetchConfig, type DemoConfig } from './demo-api.ts'
import { useMedia } from './use-media.ts'

const root = createRoot(document.getElementById('root')!)

/** Clerk would load whole pages after sign-in and sign-out. This app stays on one page. */
const stay = (to: string) => history.replaceState(null, '', to)

function Root({ config }: { config: DemoConfig }) {
  const isDark = useMedia('(prefers-color-scheme: dark)')
  return (
    <ClerkAuthProvider
      {...config.clerk}
      telemetry={false}
      appearance={toClerkAppearance(isDark)}
      routerPush={stay}
      routerReplace={stay}
      afterSignOutUrl="/"
      auth={{ clockTolerance: config.clockTolerance }}
    >
      <App config={config} />
    </ClerkAuthProvider>
  )
}

// The page draws the client's own actor, which exists only once its code is loaded.
Promise.all([fetchConfig(), preloadAuthClient()]).then(
  ([config]) =>
    root.render(
      <StrictMode>
        <Root config={config} />
      </StrictMode>,
    ),
  (error: unknown) => root.render(<p className="fatal">The demo server does not answer: {String(error)}</p>),
)
