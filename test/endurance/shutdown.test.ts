import { expect, it, onTestFinished } from 'vitest'
import { openStalledAudience } from './stalled-audience.ts'

it('SIGTERM ends a server within 10 s, with a goodbye to all readers, even if some do not read', async () => {
  const audience = await openStalledAudience({ reading: 100, stalled: 10 })
  onTestFinished(() => void audience.server.kill())
  expect((await audience.fill()).stalled).toBe(10)
  audience.rest()
  const { code, ms } = await audience.server.terminate()
  expect(code).toBe(0)
  expect(ms).toBeLessThan(10_000)
  expect(audience.goodbyes).toBe(100)
}, 180_000)
