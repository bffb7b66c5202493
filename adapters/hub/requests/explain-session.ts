import { toUncheckedView } from '../../../machines/auth-view.ts'
import { createHistory } from '../../../machines/explain/auth-history.ts'
import { explainHistory, type Explanation, type ExplanationFacts } from '../../../machines/explain/explain.ts'
import type { LiveSession } from '../session/live-session.ts'

/** Explains how a session came to its state; `null` is the session of a request that has none. `now` in epoch ms. */
export function explainSession(session: LiveSession | null, now: number, facts: ExplanationFacts): Explanation {
  const view = session?.view() ?? toUncheckedView(now)
  const note = session ? '' : 'The request has no session here.'
  return explainHistory(session?.state.history ?? createHistory(view), view, { ...facts, note })
}
