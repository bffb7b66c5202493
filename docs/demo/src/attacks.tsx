import { useAuth } from '@clerk/react'
import { useRef } from 'react'
import { note } from './event-log.ts'
import { postEvent } from './post-event.ts'

/**
 * Offers three posts that an attacker would try. The log shows the answers, and the chart shows that the session does
 * not change.
 */
export function Attacks() {
  const { isSignedIn, getToken } = useAuth()
  /** A token for the replay. It is kept in memory and shown nowhere. */
  const stolen = useRef<string | null>(null)

  const steal = async () => {
    try {
      stolen.current = await getToken()
      note('you', stolen.current ? 'kept a copy of the current token; now sign out and replay it' : 'no token to keep')
    } catch {
      note('you', 'Clerk gave no token', 'bad')
    }
  }
  return (
    <section className="card attacks" aria-labelledby="attacks-title">
      <h2 id="attacks-title">Attack it</h2>
      <div className="buttons">
        <button type="button" onClick={() => attack('junk token', { type: 'token.received', token: 'junk.junk.junk' })}>
          Post a junk token
        </button>
        <button
          type="button"
          onClick={() =>
            attack('forged event', { type: 'session.adopted', record: { status: 'signedIn', userId: 'me' } })
          }
        >
          Forge an event
        </button>
        <button type="button" onClick={steal} disabled={!isSignedIn}>
          Copy my token
        </button>
        <button
          type="button"
          onClick={() =>
            stolen.current
              ? attack('replayed token', { type: 'token.received', token: stolen.current })
              : note('you', 'copy a token first, while signed in')
          }
        >
          Replay the copy
        </button>
      </div>
    </section>
  )
}

async function attack(name: string, body: object): Promise<void> {
  try {
    const { isOk, status, meaning } = await postEvent(body)
    note('you', `${name}: ${isOk ? 'answered' : 'refused with'} ${status} ${meaning}`, isOk ? 'plain' : 'good')
  } catch (error) {
    note('you', `${name}: ${String(error)}`, 'bad')
  }
}
