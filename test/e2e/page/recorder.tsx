import type { AuthStatus } from 'authchart/client'
import { useAuthClient } from 'authchart/react'
import { useEffect, useLayoutEffect } from 'react'
import type { ClerkSays, PageEntry } from './page-contract.ts'

type Change = PageEntry extends infer Entry ? (Entry extends PageEntry ? Omit<Entry, 'at'> : never) : never

const record = (change: Change) => void window.recordEntry({ ...change, at: Date.now() })

/** Records what is on the page and for how long. A layout effect runs for every commit, however short-lived. */
export function Shown({ status }: { readonly status: AuthStatus }) {
  useLayoutEffect(() => {
    record({ kind: 'shown', status })
    return () => record({ kind: 'hidden', status })
  }, [status])
  return <p data-shown={status}>{status}</p>
}

/** Records every view, status and connection of the client, also those that React did not render. */
export function ViewRecorder() {
  const client = useAuthClient()
  useEffect(() => {
    window.authClient = client
    let known = ''
    let way = ''
    const note = () => {
      const { view, status, connection } = client
      if (connection !== way) record({ kind: 'connection', connection })
      way = connection
      const key = JSON.stringify([status, { ...view, now: 0 }])
      if (key !== known) record({ kind: 'view', status, view })
      known = key
    }
    note()
    const { unsubscribe } = client.actor.subscribe(note)
    return unsubscribe
  }, [client])
  return null
}

export function ClerkRecorder({ clerk }: { readonly clerk: ClerkSays }) {
  useEffect(() => record({ kind: 'clerk', clerk }), [clerk])
  return null
}
