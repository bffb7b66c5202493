import { H3 } from 'h3'
import type { H3Event } from 'h3'
import { AuthError } from '../../machines/auth-error.ts'
import { answerProblem } from './problem.ts'

/**
 * An app of h3 with the routes alone, for servers that have none.
 *
 * @returns it, made at the first call: a server of h3 has no need of it
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
 * Keeps the cookies and the `Vary` that others have set on Node's response before. The head of the answer replaces every
 * header that it has itself; and of one that it has twice, Node sends the last alone where anything was set before.
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
