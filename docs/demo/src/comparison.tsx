import { useAuth, useOrganization, useUser } from '@clerk/react'
import { useAuthState } from 'authchart/react'
import type { ReactNode } from 'react'
import { Expiry } from './expiry.tsx'
import { Term } from './terms/term.tsx'

/** Compares the data of Clerk in this browser with the data that the server has verified, row by row. */
export function Comparison({ clockTolerance }: { clockTolerance: number }) {
  const clerk = useAuth()
  const { user } = useUser()
  const view = useAuthState()
  const rows: { name: string; clerk: string; server: string; hint?: ReactNode }[] = [
    { name: 'Signed in', clerk: clerk.isLoaded ? toYesNo(clerk.isSignedIn) : '…', server: toYesNo(view.isSignedIn) },
    { name: 'User', clerk: toShort(clerk.userId), server: toShort(view.userId) },
    { name: 'Name', clerk: toName(user), server: toName(view.user) },
    { name: 'Session', clerk: toShort(clerk.sessionId), server: toShort(view.sessionId) },
    {
      name: 'Organization',
      clerk: toShort(clerk.orgId),
      server: toShort(view.orgId),
      hint: clerk.orgId && <OrganizationName />,
    },
    { name: 'Role', clerk: toShort(clerk.orgRole), server: toShort(view.orgRole) },
  ]
  return (
    <section className="card who" aria-labelledby="comparison-title">
      <h2 id="comparison-title">Who is it?</h2>
      <table className="comparison">
        <thead>
          <tr>
            <td />
            <th scope="col">Clerk says</th>
            <th scope="col">Server says</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.name}>
              <th scope="row">{row.name}</th>
              <td>
                {row.clerk}
                {row.hint && <small>{row.hint}</small>}
              </td>
              <td data-testid={`server-${row.name.toLowerCase().replace(' ', '-')}`}>
                {row.server}
                {clerk.isLoaded && row.clerk !== row.server && <span className="badge is-warning">differs</span>}
              </td>
            </tr>
          ))}
          <tr>
            <th scope="row">Last error</th>
            <td>–</td>
            <td className="is-text">
              {view.error ? (
                <>
                  <Term name={view.error.code} />
                  <small>
                    {view.error.message} ({view.error.retryable ? 'a second try may succeed' : 'final'})
                  </small>
                </>
              ) : (
                '–'
              )}
            </td>
          </tr>
        </tbody>
      </table>
      <Expiry expiresAt={view.expiresAt} issuedAt={toIssuedAt(view.claims)} clockTolerance={clockTolerance} />
    </section>
  )
}

/** A component of its own, because Clerk's hook may run only while a user is signed in. */
function OrganizationName() {
  return useOrganization().organization?.name
}

/** Returns the name in the profile, which the server loads from Clerk (`loadUser`). */
function toName(user: { firstName: string | null; lastName: string | null } | null | undefined): string {
  return [user?.firstName, user?.lastName].filter(Boolean).join(' ') || '–'
}

function toYesNo(value: boolean | undefined): string {
  return value ? 'yes' : 'no'
}

/** Shortens an id by its middle part. */
function toShort(id: string | null | undefined): string {
  if (!id) return '–'
  return id.length > 14 ? `${id.slice(0, 8)}…${id.slice(-4)}` : id
}

function toIssuedAt(claims: Readonly<Record<string, unknown>> | null): number | null {
  return typeof claims?.['iat'] === 'number' ? claims['iat'] * 1_000 : null
}
