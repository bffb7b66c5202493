import type { Explanation } from 'authchart'
import { useAuthState } from 'authchart/react'
import { useEffect, useState } from 'react'
import { fetchExplanation } from './demo-api.ts'
import { note } from './event-log.ts'
import { Term } from './terms/term.tsx'
import { toClockTime } from './to-clock-time.ts'

/** Shows why the server's session is in its state, in the words of `auth.explain`. */
export function Why() {
  const explanation = useExplanation()
  return (
    <section className="card why" aria-labelledby="why-title">
      <h2 id="why-title">Why?</h2>
      <p data-testid="why">{explanation ? toLocalTimes(explanation.summary) : '…'}</p>
      <ol className="log-list" tabIndex={0} aria-label="Transitions, newest first">
        {explanation?.transitions.toReversed().map(({ at, count, from, to, code, text }) => (
          <li key={`${at} ${from} ${code}`}>
            <time dateTime={new Date(at).toISOString()}>{toClockTime(at)}</time>
            <span className="log-text">
              <Term name={code} />
              {count > 1 && ` × ${count}`} <span className="muted">{from === to ? to : `${from} → ${to}`}</span>
              <br />
              {text}
            </span>
          </li>
        ))}
      </ol>
    </section>
  )
}

/** The server writes moments in UTC; this page shows the local time of day everywhere. */
function toLocalTimes(text: string): string {
  return text.replace(/\d{4}-\d\d-\d\d[T ][\d:.]+Z/g, (moment) => toClockTime(Date.parse(moment.replace(' ', 'T'))))
}

/** Asks again with every change of the view. */
function useExplanation(): Explanation | null {
  const [explanation, show] = useState<Explanation | null>(null)
  const version = useAuthState(({ channel, rev }) => channel && `${channel} ${rev}`)
  useEffect(() => {
    if (!version) return undefined
    let isOver = false
    fetchExplanation().then(
      (answer) => isOver || show(answer),
      (error: unknown) => note('browser', String(error), 'bad'),
    )
    return () => {
      isOver = true
    }
  }, [version])
  return explanation
}
