import { describe, it } from 'vitest'
import { createMemorySessionStore } from '../../adapters/hub/store/memory-session-store.ts'
import { testSessionStore } from '../kit/session-store-tests.ts'

describe('the memory store', () => {
  it.each(testSessionStore({ createStore: (clock) => createMemorySessionStore({ clock }) }))('$title', ({ run }) =>
    run(),
  )
})
