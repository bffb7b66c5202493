import { H3 } from 'h3'
import { backendRoute } from './backend-call.ts'
import { addBackendOrganizationRoutes } from './backend-organizations.ts'
import { addBackendSessionRoutes } from './backend-sessions.ts'
import { addBackendUserRoutes } from './backend-users.ts'
import { notFound } from './clerk-failure.ts'
import type { EmulatorParts } from './emulator-parts.ts'

/** Clerk's Backend API (`apiUrl`), as far as `@clerk/backend` needs it for keys, users, sessions and organizations. */
export function createBackendApi(parts: EmulatorParts): H3 {
  const api = new H3()
  api.get(
    '/v1/jwks',
    backendRoute(parts.secretKey, () => parts.keys.jwks()),
  )
  addBackendUserRoutes(api, parts)
  addBackendSessionRoutes(api, parts)
  addBackendOrganizationRoutes(api, parts)
  api.all(
    '/**',
    backendRoute(parts.secretKey, () => {
      throw notFound('Emulated Backend API path')
    }),
  )
  return api
}
