import { H3, type H3Event } from 'h3'
import { AuthError } from '../../machines/auth-error.ts'
import { answerProblem } from './problem.ts'

/**
 * Makes an h3 app with only the auth routes, for servers that have no h3 app.
 *
 * @returns a function that makes the app on its first call, because an h3 server does not need it
 */
export function createStandaloneApp(plugin: (app: H3) => void): () => H3 {
  let app: H3 | undefined
  return () => {
    if (app) return app
    app = new H3()
    app.use(keepShared)
    app.register(plugin)
    app.all('/**', (event) => answerProblem(event, new AuthError('not-found')))
    return app
  }
}

/**
 * Keeps the cookies and the `Vary` header that other middleware has already set on Node's response. The head of the
 * answer replaces headers of the same name. If a header occurs twice in it and any header was set before, Node sends
 * only the last one.
 */
async function keepShared({ runtime, res }: H3Event, next: () => unknown): Promise<unknown> {
  const response = runtime?.node?.res
  const vary = response?.getHeader('vary')
  if (vary !== undefined) res.headers.append('vary', String(vary))
  const answer = await next()
  const before = response?.getHeader('set-cookie')
  if (before === undefined) return answer
  response?.setHeader('set-cookie', [before, res.headers.getSetCookie()].flat().map(String))
  res.headers.delete('set-cookie')
  return answer
}
