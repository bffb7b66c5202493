import type { AuthServerOptions } from '../../adapters/h3/index.ts'
import { createInspector, type InspectorOptions } from '../../adapters/inspector/index.ts'
import { signer, startServer } from '../h3/harness.ts'

/** Starts a real server with an inspector. Its keys are fetched, so that the key machine is seen too. */
export async function startInspected(
  options: { readonly server?: AuthServerOptions; readonly inspector?: InspectorOptions } = {},
) {
  const inspector = createInspector(options.inspector)
  const server = await startServer({
    inspect: inspector,
    keys: { fetchJwks: () => Promise.resolve(signer.jwks) },
    // Real browsers take real time. The end of a wait must not become a step of the scenario, however slow the
    // machine is.
    authWaitTimeout: 600_000,
    ...options.server,
  })
  /** Opens a link and returns the cookie of the page. */
  async function enter(link = inspector.link(`${server.url}/auth`)): Promise<string> {
    const response = await fetch(link, { redirect: 'manual' })
    return response.headers.get('set-cookie')?.split(';')[0] ?? ''
  }
  return { ...server, inspector, enter }
}

export type InspectedServer = Awaited<ReturnType<typeof startInspected>>

/**
 * Plays a scenario: one user signs in, switches organization, renews, gets refusals, and signs out. Another user
 * remains signed in.
 */
export async function play({ browser, mint, open }: InspectedServer) {
  const anonymous = await open()
  const ada = browser('ada')
  const stream = await ada.open()
  const tokens = [
    mint({ sub: 'user_ada', sid: 'sess_ada', email: 'ada@private.example', nickname: 'the-countess' }),
    mint({ sub: 'user_ada', sid: 'sess_ada', o: { id: 'org_engines', rol: 'admin', slg: 'secret-slug' } }),
    mint({ sub: 'user_ada', sid: 'sess_ada', iss: 'https://evil.example' }),
    mint({ sub: 'user_ada', sid: 'sess_ada', exp: 5 }),
    'not.a.token',
  ]
  for (const token of tokens) await ada.token(token)
  const bob = browser('bob')
  const bobsStream = await bob.open()
  const bobs = mint({ sub: 'user_bob', sid: 'sess_bob' })
  await bob.token(bobs)
  const cookies = [ada.cookie, bob.cookie]
  await ada.clear()
  await ada.token(tokens[0]!)
  return { tokens: [...tokens, bobs], cookies, streams: [anonymous, stream, bobsStream], ada, bob }
}
