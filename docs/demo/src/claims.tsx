import { useAuthState } from 'authchart/react'
import { toClockTime } from './to-clock-time.ts'

/** Shows the claims of the verified token that the server lets out. */
export function Claims() {
  const claims = useAuthState((view) => view.claims)
  return (
    <section className="card claims-card" aria-labelledby="claims-title">
      <h2 id="claims-title">Verified claims</h2>
      {claims ? (
        <dl className="claims">
          {Object.entries(claims).map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>
                {typeof value === 'string' ? value : JSON.stringify(value)}
                {isTime(name, value) && <small>{toClockTime(value * 1_000).slice(0, 8)}</small>}
              </dd>
            </div>
          ))}
        </dl>
      ) : (
        <p className="muted">None yet. They appear when the server has verified a token.</p>
      )}
    </section>
  )
}

function isTime(name: string, value: unknown): value is number {
  return ['exp', 'iat', 'nbf'].includes(name) && typeof value === 'number'
}
