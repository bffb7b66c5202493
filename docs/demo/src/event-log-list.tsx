import { useSelector } from '@xstate/react'
import { eventLog } from './event-log.ts'
import { toClockTime } from './to-clock-time.ts'

export function EventLogList() {
  const entries = useSelector(eventLog, ({ context }) => context)
  return (
    <section className="card log" aria-labelledby="log-title">
      <header className="card-head">
        <h2 id="log-title">Event log</h2>
        <button type="button" className="quiet" onClick={() => eventLog.send({ type: 'cleared' })}>
          Clear
        </button>
      </header>
      {entries.length === 0 && <p className="muted">Nothing yet.</p>}
      <ol className="log-list" tabIndex={0} aria-label="Events, newest first">
        {entries.map(({ id, at, source, text, tone }) => (
          <li key={id} data-tone={tone}>
            <time dateTime={new Date(at).toISOString()}>{toClockTime(at)}</time>
            <span className="log-source" data-source={source}>
              {source}
            </span>
            <span className="log-text">{text}</span>
          </li>
        ))}
      </ol>
    </section>
  )
}
