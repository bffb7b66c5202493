import { afterEach, expect, it, vi } from 'vitest'
import { createMemorySessionStore } from '../../adapters/h3/index.ts'
import { startServer, type TestServer } from './harness.ts'

afterEach(() => {
  vi.unstubAllEnvs()
})

const warnings = ({ lines }: TestServer) => lines.filter(([, code]) => code === 'store.memory')

it('in production a server with the default store logs once what that means, and what to do', async () => {
  vi.stubEnv('NODE_ENV', 'production')
  const server = await startServer()
  await server.browser().token(server.mint())
  expect(warnings(server)).toEqual([
    [
      'warn',
      'store.memory',
      {
        meaning: expect.stringMatching(/this process.*restart/),
        remedy: expect.stringContaining('createRedisSessionStore'),
      },
    ],
  ])
})

it('nothing is logged in development, or if the store is given', async () => {
  expect(warnings(await startServer())).toEqual([])
  vi.stubEnv('NODE_ENV', 'production')
  expect(warnings(await startServer({ store: createMemorySessionStore() }))).toEqual([])
})
