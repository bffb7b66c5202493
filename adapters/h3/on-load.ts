import type { EventHandler, H3Event } from 'h3'
import { isAuthError } from '../../machines/auth-error.ts'
import type { AuthView } from '../../machines/auth-view.ts'
import { answerProblem } from './problem.ts'

/** What a page load runs. `view.timedOut`: no verdict came in time, so that `view.isSignedIn` says nothing yet. */
export type LoadHandler = (event: H3Event, view: AuthView) => unknown

/**
 * → an h3 handler that runs handlers in order once a verdict stands, or none came in time, each after the one before
 * has resolved, and answers with the last one's value. One that throws ends the request; an `AuthError` becomes its
 * problem answer.
 *
 * @throws TypeError at once where they are not handlers.
 */
export function createOnLoad(
  whenChecked: (event: H3Event) => Promise<AuthView>,
): (handlers: LoadHandler | readonly LoadHandler[] | null) => EventHandler {
  return (handlers) => {
    const list = toList(handlers)
    return async (event) => {
      try {
        const view = await whenChecked(event)
        let answer: unknown = null
        for (const handle of list) answer = await handle(event, view)
        return answer
      } catch (error) {
        if (isAuthError(error) && error.code !== 'internal') return answerProblem(event, error)
        throw error
      }
    }
  }
}

function toList(handlers: LoadHandler | readonly LoadHandler[] | null): readonly LoadHandler[] {
  const list = handlers === null ? [] : [handlers].flat()
  if (list.every((handler) => typeof handler === 'function')) return list
  throw new TypeError('onLoad: handlers must be a function, a list of functions, or null')
}
