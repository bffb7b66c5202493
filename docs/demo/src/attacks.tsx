import { useAuth } from '@clerk/react'
import { useRef, useState } from 'react'
import { note } from './event-log.ts'
import { Outcome, type Result } from './outcome.tsx'
import { postEvent } from './post-event.ts'

/** Three things an attacker would post. The answer appears beside the buttons, and the chart shows what it changes. */
export function Attacks() {
  const { isSignedIn, getToken } = useAuth()
  /** A token for the replay. It is kept in memory and shown nowhere. */
  const stolen = useRef<string | null>(null)
  const [hasCopy, setHasCopy] = useState(false)
  const [result, show] = useState<Result | null>(null)

  const report = (next: Result) => {
    show(next)
    note('you', [next.text, next.code].filter(Boolean).join(' '), next.tone)
  }
  const attack = async (name: string, body: object) => report(await tryAttack(name, body))
  const steal = async () => {
    try {
      stolen.current = await getToken()
      setHasCopy(stolen.current !== null)
      report({
        text: stolen.current ? 'Token copied. Sign out, then replay it.' : 'There is no token to copy.',
        tone: 'plain',
      })
    } catch {
      report({ text: 'Clerk gave no token.', tone: 'bad' })
    }
  }
  return (
    <section className="card attacks" aria-labelledby="attacks-title">
      <h2 id="attacks-title">Attack it</h2>
      <div className="buttons">
        <button type="button" onClick={() => attack('Junk token', { type: 'token.received', token: 'junk.junk.junk' })}>
          Post a junk token
        </button>
        <button
          type="button"
          onClick={() =>
            attack('Forged event', { type: 'session.adopted', record: { status: 'signedIn', userId: 'me' } })
          }
        >
          Forge an event
        </button>
        <button type="button" onClick={steal} disabled={!isSignedIn}>
          Copy my token
        </button>
        <button
          type="button"
          disabled={!hasCopy}
          onClick={() => attack('Replayed token', { type: 'token.received', token: stolen.current })}
        >
          Replay the copy
        </button>
      </div>
      <Outcome result={result} testId="attack-outcome" hint="The answer of the server appears here." />
    </section>
  )
}

async function tryAttack(name: string, body: object): Promise<Result> {
  try {
    const { isOk, status, meaning } = await postEvent(body)
    return isOk
      ? { text: `${name}: answered ${status}, ${meaning}.`, tone: 'plain' }
      : { text: `${name}: refused with ${status}`, code: meaning, tone: 'good' }
  } catch (error) {
    return { text: `${name}: ${String(error)}`, tone: 'bad' }
  }
}
