import { describe, it } from 'vitest'
import { createMemorySessionStore } from '../../adapters/hub/store/memory-session-store.ts'
import { testSessionStore } from '../kit/session-store-tests.ts'

describe('the memory store', () => {
  const tests = testSessionStore({ createStore: (clock) => createMemorySessionStore({ clock }) })
  for (const { title, run } of tests) it(title, () => run())
})
