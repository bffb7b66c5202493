import type { AuthServer } from 'authchart/h3'

export function logChanges(auth: AuthServer, log: (line: string) => void): () => void {
  return auth.onAuthChange(({ view, previous, reason }) => {
    log(`${reason}: ${previous.userId} → ${view.userId}`)
  })
}
