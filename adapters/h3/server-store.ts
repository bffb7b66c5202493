import { createMemorySessionStore } from '../hub/store/memory-session-store.ts'
import { createSealedStore, type SealedStoreOptions } from '../hub/store/sealed-store.ts'
import type { SessionStore } from '../hub/store/session-store.ts'
import { isProduction } from '../node-env.ts'

const memoryStoreWarning = {
  meaning:
    'Sessions and sign-outs are kept in the memory of this process: a restart loses them, and other processes or replicas do not know them',
  remedy:
    'Give all processes one store, such as createRedisSessionStore of authchart/redis. If there is only this process, ' +
    'createSqliteSessionStore of authchart/sqlite keeps them in a file; or pass store: createMemorySessionStore() to say ' +
    'that they may be lost',
}

const unsealedWarning = {
  meaning:
    'Whoever can write to the session store can sign in as anybody: nothing shows who has written a session there',
  remedy:
    'Pass secret, a text of at least 32 characters such as openssl rand -base64 32 gives, the same on every node; or ' +
    'clerk.secretKey (CLERK_SECRET_KEY), which is used where there is no secret',
}

export interface ServerStoreOptions extends Omit<SealedStoreOptions, 'store'> {
  /** The store that the app has passed. */
  readonly store: SessionStore | undefined
}

/**
 * Creates the store of a server: the one that the app has passed, sealed, or else the memory of this process. It warns
 * of a store that loses sign-outs, and of one whose content anybody may have written.
 */
export function createServerStore({ store, ...options }: ServerStoreOptions): SessionStore {
  const { secrets, clock, logger } = options
  if (!store) {
    if (isProduction()) logger.warn('store.memory', memoryStoreWarning)
    return createMemorySessionStore({ clock })
  }
  if (!store.isPrivate && !secrets) logger.warn('store.unsealed', unsealedWarning)
  return createSealedStore({ ...options, store })
}
