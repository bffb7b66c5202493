import { Term } from './terms/term.tsx'
import { useServerNow } from './use-server-now.ts'

interface ExpiryProps {
  /** Epoch ms. */
  readonly issuedAt: number | null
  readonly expiresAt: number | null
  /** Seconds. */
  readonly clockTolerance: number
}

/** Shows the remaining life of the token that proves the session, by the server's clock. */
export function Expiry({ issuedAt, expiresAt, clockTolerance }: ExpiryProps) {
  const now = useServerNow()
  if (expiresAt === null) return <p className="expiry muted">No token proves a user right now.</p>
  const left = Math.ceil((expiresAt - now) / 1_000)
  const end = expiresAt + clockTolerance * 1_000
  const start = issuedAt ?? expiresAt - 60_000
  const toPercent = (moment: number) => Math.min(Math.max(((moment - start) / (end - start)) * 100, 0), 100)
  return (
    <div className="expiry">
      <p>
        {left > 0 ? (
          <>
            Token expires in <strong className="number">{left} s</strong>
            <span className="muted">, then {clockTolerance} s of </span>
            <Term name="tolerance" />
          </>
        ) : (
          <>
            Token expired; the tolerance lasts{' '}
            <strong className="number">{Math.max(left + clockTolerance, 0)} s</strong>
          </>
        )}
      </p>
      <div className="expiry-bar" data-stale={left <= 0} aria-hidden="true">
        <div className="expiry-left" style={{ left: `${toPercent(now)}%`, right: `${100 - toPercent(expiresAt)}%` }} />
        <div
          className="expiry-tolerance"
          style={{ left: `${Math.max(toPercent(now), toPercent(expiresAt))}%`, right: 0 }}
        />
      </div>
    </div>
  )
}
