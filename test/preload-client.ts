import { preloadAuthClient } from '../adapters/browser/index.ts'

// A test that steps through a client's first moments needs its code to be there. `test/client/loading.test.ts` tests
// how a client loads it.
await preloadAuthClient()
