import { OrganizationSwitcher, Show, UserButton } from '@clerk/react'
import { useAuthState } from 'authchart/react'
import type { DemoConfig } from './demo-api.ts'

export function TopBar({ mode }: { mode: DemoConfig['mode'] }) {
  const state = useAuthState((view) => view.state)
  return (
    <header className="top-bar">
      <h1>
        authchart <span className="muted">demo</span>
      </h1>
      <span className="pill" data-tone={state} data-testid="server-state">
        {state}
      </span>
      <span className="mode muted">{mode === 'emulator' ? 'Clerk emulator' : 'Clerk'}</span>
      <a className="inspector-link" href="/demo/inspector" target="_blank">
        Inspector
      </a>
      <div className="top-bar-user">
        <Show when="signed-in">
          <OrganizationSwitcher afterSelectOrganizationUrl="/" afterSelectPersonalUrl="/" />
          <UserButton />
        </Show>
      </div>
    </header>
  )
}
