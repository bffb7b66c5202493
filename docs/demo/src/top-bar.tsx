import { OrganizationSwitcher, Show, UserButton } from '@clerk/react'
import type { AuthStateName } from 'authchart'
import { useAuthState } from 'authchart/react'
import { useState } from 'react'
import type { DemoConfig } from './demo-api.ts'
import { Term } from './terms/term.tsx'

export function TopBar({ mode }: { mode: DemoConfig['mode'] }) {
  const state = useAuthState((view) => view.state)
  return (
    <header className="top-bar">
      <h1>
        authchart <span className="muted">demo</span>
      </h1>
      <span className="pill" data-tone={state} data-testid="server-state">
        <Term name={state} />
      </span>
      <Announcement state={state} />
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

/** Tells a screen reader where the session has settled. It says nothing of the states that it passes on its way. */
function Announcement({ state }: { state: AuthStateName }) {
  const settled = { signedIn: 'signed in', signedOut: 'signed out', error: 'not decided', verifying: '', unchecked: '' }
  const [text, setText] = useState('')
  const words = settled[state]
  if (words && words !== text) setText(words)
  return (
    <p className="visually-hidden" role="status">
      {text && `The server session is ${text}.`}
    </p>
  )
}
