import { useSignIn } from '@clerk/react/legacy'
import { useState } from 'react'
import type { DemoConfig } from './demo-api.ts'
import { note } from './event-log.ts'

/** Shows the demo user's credentials and a button that signs in without typing them. */
export function QuickSignIn({ user }: { user: NonNullable<DemoConfig['user']> }) {
  const { isLoaded, signIn, setActive } = useSignIn()
  const [isBusy, setBusy] = useState(false)
  const run = async () => {
    if (!isLoaded) return
    setBusy(true)
    try {
      const attempt = await signIn.create({ identifier: user.email, password: user.password })
      await setActive({ session: attempt.createdSessionId })
    } catch (error) {
      note('Clerk', `sign-in failed: ${error instanceof Error ? error.message : String(error)}`, 'bad')
    } finally {
      setBusy(false)
    }
  }
  return (
    <div className="quick-sign-in">
      <p>
        <strong>{user.name}</strong> is registered here:
        <br />
        <code>{user.email}</code>, password <code>{user.password}</code>
      </p>
      <button type="button" className="primary" onClick={run} disabled={!isLoaded || isBusy}>
        Sign in as {user.name.split(' ')[0]}
      </button>
    </div>
  )
}
