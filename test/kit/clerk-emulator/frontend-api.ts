import { H3 } from 'h3'
import { notFound } from './clerk-failure.ts'
import type { EmulatorParts } from './emulator-parts.ts'
import { toEnvironment } from './environment-resource.ts'
import { frontendRoute } from './frontend-call.ts'
import { addHandshakeRoute } from './frontend-handshake.ts'
import { addMeRoutes } from './frontend-me.ts'
import { addOrganizationRoutes } from './frontend-organizations.ts'
import { addSessionRoutes } from './frontend-sessions.ts'
import { addSignInRoutes } from './frontend-sign-in.ts'
import { createId } from './identifiers.ts'
import { jsonResponse } from './json-response.ts'
import { toClient } from './session-resource.ts'

/** Clerk's Frontend API (`proxyUrl`), as far as clerk-js needs it to sign in, switch organization and sign out. */
export function createFrontendApi(parts: EmulatorParts): H3 {
  const api = new H3()
  const environment = () => jsonResponse(toEnvironment(parts.instance))
  const openClient = frontendRoute(parts, ({ openClient, reply, view }) => reply(toClient(openClient(), view)))

  api.get('/v1/environment', environment)
  api.patch('/v1/environment', environment)
  api.post('/v1/dev_browser', () => jsonResponse({ id: createId('dvb') }))
  api.get('/.well-known/jwks.json', () => jsonResponse(parts.keys.jwks()))
  api.get(
    '/v1/client',
    frontendRoute(parts, ({ client, view }) =>
      jsonResponse({ response: client ? toClient(client, view) : null, client: null }),
    ),
  )
  api.put('/v1/client', openClient)
  api.post('/v1/client', openClient)
  addHandshakeRoute(api, parts)
  addSignInRoutes(api, parts)
  addSessionRoutes(api, parts)
  addMeRoutes(api, parts)
  addOrganizationRoutes(api, parts)
  api.all(
    '/**',
    frontendRoute(parts, () => {
      throw notFound('Emulated Frontend API path')
    }),
  )
  return api
}
