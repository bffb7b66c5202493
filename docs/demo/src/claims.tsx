import { useAuthState } from 'authchart/react'

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
                {isTime(name, value) && <small>{new Date(value * 1_000).toLocaleTimeString()}</small>}
              </dd>
            </div>
          ))}
        </dl>
      ) : (
        <p className="muted">None: the server has verified no token.</p>
      )}
    </section>
  )
}

function isTime(name: string, value: unknown): value is number {
  return ['exp', 'iat', 'nbf'].includes(name) && typeof value === 'number'
}
