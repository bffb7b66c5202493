import { useAuthState } from 'authchart/react'
import { lazy } from 'react'
import { hydrateRoot } from 'react-dom/client'
import { HydratedDocument, Inside } from './hydrated-app.tsx'

window.recovered = []
/** A component whose chunk arrives when the test says so. */
const Slow = lazy(
  () =>
    new Promise<{ default: typeof Inside }>((resolve) => {
      window.release = () => resolve({ default: Inside })
    }),
)

const data = new Map<string, string>()
const waiting = new Map<string, Promise<void>>()
/** The part of an app that shows data of a user. It suspends until the test delivers the data. */
function Owned() {
  const userId = useAuthState((view) => view.userId) ?? 'nobody'
  const known = data.get(userId)
  if (known === undefined) {
    const promise =
      waiting.get(userId) ??
      new Promise<void>((resolve) => {
        window.deliver = () => {
          data.set(userId, `data of ${userId}`)
          resolve()
        }
      })
    waiting.set(userId, promise)
    // oxlint-disable-next-line typescript/only-throw-error -- so a component suspends, in React 18 too
    throw promise
  }
  return (
    <p>
      <u>{userId}</u>
      <em>{known}</em>
    </p>
  )
}

const { isOwned, ...settings } = window.hydrationSettings
if (settings.initialView?.userId) data.set(settings.initialView.userId, `data of ${settings.initialView.userId}`)
hydrateRoot(document, <HydratedDocument {...settings}>{isOwned ? <Owned /> : <Slow />}</HydratedDocument>, {
  onRecoverableError: (error) => window.recovered.push(String(error)),
})
