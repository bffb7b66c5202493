import { createMemorySessionStore } from '../../adapters/hub/store/memory-session-store.ts'
import { testSessionStore } from './contract.ts'

testSessionStore('The memory store', { createStore: (clock) => createMemorySessionStore({ clock }) })
