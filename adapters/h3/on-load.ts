import type { EventHandler, H3Event } from 'h3'
import { isAuthError } from '../../machines/auth-error.ts'
import type { AuthView } from '../../machines/auth-view.ts'
import { answerProblem } from './problem.ts'

/**
 * A handler of a page load. If `view.timedOut` is true, no verdict came in time and `view.isSignedIn` is not yet
 * decided.
 */
export type LoadHandler = (event: H3Event, view: AuthView) => unknown

/**
 * Makes an h3 handler that waits for a verdict or its timeout and then runs the handlers in order, each after the one
 * before has resolved. It answers with the value of the last handler. A handler that throws ends the request, and an
 * `AuthError` becomes its problem answer.
 *
 * @throws TypeError at once if `handlers` are not functions
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
