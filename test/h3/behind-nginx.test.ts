/** Runs the tests of the protocol again, behind nginx. */
import { afterAll, beforeAll, describe } from 'vitest'
import { findNginx } from '../nodes/nginx.ts'
import { useHost } from './harness.ts'
import { createNginxHost } from './hosts.ts'

const nginx = createNginxHost()
useHost(nginx.open)
describe.runIf(findNginx())('behind nginx', async () => {
  beforeAll(nginx.start)
  afterAll(nginx.stop)
  // This file comes first, because it counts timers and must not find those of earlier servers.
  await import('./let-go.test.ts')
  await import('./protocol.test.ts')
  await import('./origin.test.ts')
  await import('./stream.test.ts')
  await import('./body.test.ts')
})
