import { useAuth } from '@clerk/react'
import { useSelector } from '@xstate/react'
import { useAuthClient, useAuthState } from 'authchart/react'
import { useEffect } from 'react'
import { note } from './event-log.ts'

/** Logs the changes of Clerk, the view frames, and the errors of this tab. */
export function useNotes(): void {
  const { isLoaded, sessionId, orgId } = useAuth()
  useEffect(() => {
    if (isLoaded) note('Clerk', sessionId ? `signed in, ${orgId ?? 'no organization'}` : 'signed out')
  }, [isLoaded, sessionId, orgId])

  const { channel, rev, state, error } = useAuthState()
  const code = error?.code
  useEffect(() => {
    if (channel) note('view', `rev ${rev}: ${code ? `${state}, ${code}` : state}`, toTone(state, code))
  }, [channel, rev, state, code])

  const { actor } = useAuthClient()
  const failure = useSelector(actor, ({ context }) => context.failure)
  const streamFailure = useSelector(actor, ({ context }) => context.streamFailure)
  useEffect(() => {
    if (failure) note('browser', `${failure.code}: ${failure.message}`, 'bad')
  }, [failure])
  useEffect(() => {
    if (streamFailure) note('browser', `stream: ${streamFailure.message}`, 'bad')
  }, [streamFailure])
}

function toTone(state: string, code: string | undefined) {
  if (code) return 'bad'
  return state === 'signedIn' ? 'good' : 'plain'
}
