import { useAuth } from '@clerk/react'
import { useSelector } from '@xstate/react'
import { useAuthClient, useAuthState } from 'authchart/react'
import { useEffect } from 'react'
import { note } from './event-log.ts'

/** Keeps the log of what Clerk says, what the view frames say, and what went wrong in this tab. */
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
